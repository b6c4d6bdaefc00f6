// Conversations v1: users, their conversations, and the account's default service, operation by operation.
import { ACCOUNT_SID, CHAT_SERVICE_SID } from "./accounts.mjs";
import { conversationsRoot as root, createConversationAnswers, defined } from "./conversation-answers.mjs";
import { attributesText, badRequest, notFound, page, Refusal } from "./shape.mjs";

export function createUsers(twilio) {
  const { clock, rooms } = twilio;
  const present = createConversationAnswers(twilio);
  const attributes = (params) => (params.Attributes === undefined ? undefined : attributesText(params.Attributes));

  const user = (text) => {
    const found = rooms.users.get(text) ?? [...rooms.users.values()].find(({ sid }) => sid === text);
    if (!found) throw notFound(`/v1/Users/${text}`);
    return found;
  };

  function listParticipantConversations(params, request) {
    if ((params.Identity === undefined) === (params.Address === undefined))
      throw badRequest("Exactly one of Identity and Address is needed");
    const found = rooms.membersWith((other) =>
      params.Identity !== undefined ? other.identity === params.Identity : other.binding?.address === params.Address,
    );
    return page(request, "conversations", found.map(present.ofParticipant), 50);
  }

  function membership(params) {
    const owner = user(params.UserSid);
    return { owner, member: rooms.findMember(rooms.find(params.ConversationSid), owner.identity) };
  }

  function createUser(params) {
    if (rooms.users.has(params.Identity)) throw new Refusal(409, 50201, "User already exists");
    return present.user(
      rooms.addUser(params.Identity, { friendlyName: params.FriendlyName, attributes: attributes(params), roleSid: params.RoleSid }),
    );
  }

  const configuration = () => ({
    account_sid: ACCOUNT_SID,
    default_chat_service_sid: CHAT_SERVICE_SID,
    default_messaging_service_sid: null,
    default_inactive_timer: null,
    default_closed_timer: null,
    url: `${root}/Configuration`,
    links: { service: `${root}/Services/${CHAT_SERVICE_SID}`, webhooks: `${root}/Configuration/Webhooks` },
  });

  const operations = {
    FetchConfiguration: configuration,
    ListParticipantConversation: listParticipantConversations,
    ListUserConversation: (params, request) => {
      const owner = user(params.UserSid);
      return page(
        request,
        "conversations",
        rooms.membersWith(({ identity }) => identity === owner.identity).map((other) => present.ofUser(other, owner)),
        50,
      );
    },
    FetchUserConversation: (params) => {
      const { member, owner } = membership(params);
      return present.ofUser(member, owner);
    },
    UpdateUserConversation: (params) => {
      const { member, owner } = membership(params);
      Object.assign(member, defined({ lastRead: params.LastReadMessageIndex, notification: params.NotificationLevel }));
      return present.ofUser(member, owner);
    },
    CreateUser: createUser,
    FetchUser: ({ Sid }) => present.user(user(Sid)),
    UpdateUser: (params) => {
      const found = user(params.Sid);
      Object.assign(
        found,
        defined({ friendlyName: params.FriendlyName, attributes: attributes(params), roleSid: params.RoleSid, updated: clock.now() }),
      );
      return present.user(found);
    },
    DeleteUser: ({ Sid }) => void rooms.users.delete(user(Sid).identity),
    ListUser: (params, request) => page(request, "users", [...rooms.users.values()].map(present.user), 50),
  };

  return { services: { "conversations/v1": operations } };
}

import { useEffect, useReducer, useState } from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { isAgent, ownPart, participantsOf, type Participant } from "../flex/participants";
import { useFlexState } from "../flex/state";
import { conversationOf, membersOf, textOf } from "../flex/tasks";

/** An invitation that nobody has taken yet, as the Worker notes it on the conversation. */
export interface Invite {
  taskSid: string;
  targetSid: string;
  name: string | undefined;
}

type Conversation = NonNullable<ReturnType<typeof conversationFor>>;

/** The conversation as Flex's own chat has it; none while it loads. */
export function conversationFor(edge: Edge, task: ITask) {
  return edge.manager.store.getState().flex.chat.conversations[conversationOf(task).conversation]?.source;
}

export function invitesOf(conversation: Conversation | undefined): Invite[] {
  const invites = membersOf(conversation?.attributes as Record<string, unknown> | undefined, "invites");
  return Object.keys(invites).flatMap((taskSid) => {
    const invite = membersOf(invites, taskSid);
    const targetSid = textOf(invite, "targetSid");
    return targetSid ? [{ taskSid, targetSid, name: textOf(invite, "targetName") }] : [];
  });
}

const HEARS_WITHIN = 2_000;

/** The other agents of a conversation, and who is invited to it. */
export interface Others {
  agents: readonly Participant[];
  invites: readonly Invite[];
}

export function useOthers(edge: Edge, task: ITask): Others {
  const conversation = useFlexState(edge, () => conversationFor(edge, task));
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const [changes, count] = useReducer((count: number) => count + 1, 0);
  const [agents, setAgents] = useState<readonly Participant[]>([]);

  useEffect(() => {
    if (!conversation) return undefined;
    // The interaction may hear of it later than the conversation.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      count();
      clearTimeout(timer);
      timer = setTimeout(count, HEARS_WITHIN);
    };
    conversation.on("updated", renderAgain);
    conversation.on("participantJoined", changed);
    conversation.on("participantLeft", changed);
    return () => {
      clearTimeout(timer);
      conversation.removeListener("updated", renderAgain);
      conversation.removeListener("participantJoined", changed);
      conversation.removeListener("participantLeft", changed);
    };
  }, [conversation]);

  useEffect(() => {
    let isWanted = true;
    participantsOf(task).then(
      (participants) => {
        const own = ownPart(edge, task, participants);
        if (isWanted) setAgents(participants.filter((participant) => isAgent(participant) && participant !== own));
      },
      // Unknown is shown as nobody; whoever acts asks again and is told.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
    // A task is a new object at each of its updates; who is in the conversation changes with the conversation.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [edge, task.taskSid, changes]);

  return { agents, invites: stillOpen(invitesOf(conversation), agents) };
}

/** The Worker takes an accepted invite off the conversation with its next change; until then the agent is just in. */
export function stillOpen(invites: readonly Invite[], agents: readonly Participant[]): Invite[] {
  return invites.filter((invite) => !agents.some((agent) => agent.workerSid === invite.targetSid));
}

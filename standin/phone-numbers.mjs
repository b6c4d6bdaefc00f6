// The account's telephone numbers and verified caller IDs.
import { ACCOUNT_SID, CALLER_ID, MESSAGING_NUMBER } from "./accounts.mjs";
import { newSid, page2010, rfc2822 } from "./shape.mjs";

export function createPhoneNumbers(root, clock) {
  const since = rfc2822(clock.now());
  const numbers = [
    [CALLER_ID, "Main line"],
    [MESSAGING_NUMBER, "Messages"],
  ].map(([phoneNumber, friendlyName]) => ({
    sid: newSid("PN"),
    account_sid: ACCOUNT_SID,
    friendly_name: friendlyName,
    phone_number: phoneNumber,
    date_created: since,
    date_updated: since,
  }));
  const callerIds = [
    {
      sid: newSid("PN"),
      account_sid: ACCOUNT_SID,
      friendly_name: "Front desk",
      phone_number: "+15550007777",
      date_created: since,
      date_updated: since,
    },
  ];
  const presentNumber = (number) => ({
    ...number,
    address_sid: null,
    address_requirements: "none",
    api_version: "2010-04-01",
    beta: false,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    identity_sid: null,
    origin: "twilio",
    sms_application_sid: null,
    sms_fallback_method: "POST",
    sms_fallback_url: null,
    sms_method: "POST",
    sms_url: null,
    status_callback: null,
    status_callback_method: "POST",
    trunk_sid: null,
    uri: `${root}/IncomingPhoneNumbers/${number.sid}.json`,
    voice_receive_mode: "voice",
    voice_application_sid: null,
    voice_caller_id_lookup: false,
    voice_fallback_method: "POST",
    voice_fallback_url: null,
    voice_method: "POST",
    voice_url: null,
    emergency_status: "Inactive",
    emergency_address_sid: null,
    emergency_address_status: "unregistered",
    bundle_sid: null,
    status: "in-use",
    type: "local",
  });
  const matching = (items, params) =>
    items.filter(
      (item) =>
        (!params.FriendlyName || item.friendly_name === params.FriendlyName) &&
        (!params.PhoneNumber || item.phone_number.includes(params.PhoneNumber)),
    );

  return {
    ListIncomingPhoneNumber: (params, request) => page2010(request, "incoming_phone_numbers", matching(numbers, params).map(presentNumber)),
    ListOutgoingCallerId: (params, request) =>
      page2010(
        request,
        "outgoing_caller_ids",
        matching(callerIds, params).map((item) => ({ ...item, uri: `${root}/OutgoingCallerIds/${item.sid}.json` })),
      ),
  };
}

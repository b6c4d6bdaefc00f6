// The guided tour that `npm start` prints: commands to paste into a second terminal.
/** Each stop: what happens, and the commands. */
export const stops = ({ worker: WORKER = "http://127.0.0.1:8787", twilio = "http://127.0.0.1:4010", TWILIO = `${twilio}/__standin` } = {}) => [
  [
    "First, three short names: for the Worker, for the local Twilio, and for a SID of somebody's newest task",
    `edge() { p=$1; shift; curl -s -X POST ${WORKER}$p "$@"; echo; }
twilio() { p=$1; shift; curl -s -X POST ${TWILIO}/$p "$@"; echo; }
newest() { curl -s "${TWILIO}/newest?worker=$1&of=$2" | tr -d '"'; }
look() { twilio settle -d '{"timeoutMs":5000,"quietMs":500}' > /dev/null; curl -s ${TWILIO}/summary; echo; }`,
  ],
  [
    "Alice calls Bob. Her leg fetches TwiML from the Worker and enters the room; the Worker creates Bob's task, which rings",
    `twilio internal-call -d '{"from":"alice","to":"bob"}'; look`,
  ],
  ["Bob accepts", `twilio reservations/$(newest bob reservation)/accept; look`],
  [
    "Bob puts his own leg on hold, and takes it off again",
    `edge /voice/hold-participant -d Token=a.flex.token.of.bob -d conference=$(newest alice task) -d participant=$(newest bob call) -d hold=true; look
edge /voice/hold-participant -d Token=a.flex.token.of.bob -d conference=$(newest alice task) -d participant=$(newest bob call) -d hold=false`,
  ],
  ["Bob hangs up: the conference ends, and both tasks wrap up", `twilio calls/$(newest bob call)/hangup; look`],
  [
    "A customer writes to Alice, who hands the chat to Bob (cold): an invite rings at Bob's, and only then Alice leaves. Sent twice, it is still one invite",
    `twilio chat -d '{"agent":"alice","channel":"sms","customer":"+15551230002"}'; CHAT=$(newest alice task)
hand() { edge /features/conversation-transfer/flex/invite-participant -d Token=a.flex.token.of.alice -d taskSid=$CHAT -d conversationId=$CHAT -d conversationSid=$(newest alice conversationSid) -d jsonAttributes='{"name":"Ana"}' -d transferTargetSid=$(newest bob worker) -d workersToIgnore='{}' -d flexInteractionSid=$(newest alice flexInteractionSid) -d flexInteractionChannelSid=$(newest alice flexInteractionChannelSid) -d removeFlexInteractionParticipantSid=$UT -d taskChannelUniqueName=chat; }
UT=$(newest alice participant); hand; hand; look
twilio reservations/$(newest bob reservation)/accept; look`,
  ],
  [
    "Alice chats with a customer and calls them: the call's task is offered to her. A second click gets the same answer, another number is refused",
    `twilio chat -d '{"agent":"alice","channel":"sms","customer":"+15551230001"}'; CHAT=$(newest alice task)
edge /dial -d Token=a.flex.token.of.alice -d taskSid=$CHAT; look
edge /dial -d Token=a.flex.token.of.alice -d taskSid=$CHAT; edge /dial -d Token=a.flex.token.of.alice -d taskSid=$CHAT -d to=%2B15551239999`,
  ],
  [
    "Alice finds Bob in the directory, opens a chat with him and pins it",
    `edge /internal-chat/list-agents -d Token=a.flex.token.of.alice -d search=bob
edge /internal-chat/open -d Token=a.flex.token.of.alice -d participant=bob
edge /internal-chat/pin -d Token=a.flex.token.of.alice --data-urlencode conversation=alice+bob; edge /internal-chat/list-pins -d Token=a.flex.token.of.alice`,
  ],
  [
    "A chat that has been idle for long is closed by the clean-up, which cron triggers in production; see the Worker's log",
    `twilio conversations -d '{"uniqueName":"alice+erin","friendlyName":"internal-chat","attributes":{"internalChat":"internalChat"},"identities":["alice","erin"],"created":"2025-01-01T00:00:00Z","updated":"2025-01-01T00:00:00Z","lastMessage":"2025-01-02T00:00:00Z"}'
curl -s ${WORKER}/cdn-cgi/local/scheduled; look`,
  ],
  [
    "A customer writes by SMS, twice at the same time: one interaction, offered to one agent, who takes it",
    `sms() { twilio inbound -d '{"channel":"sms","from":"+15551230003","body":"'"$1"'"}'; }
sms "Hello" & sms "Is anybody there?" & wait; look
AGENT=$(newest "" workerName); twilio reservations/$(newest $AGENT reservation)/accept; look`,
  ],
  [
    "The agent parks the conversation: nobody is in it but the customer, and it is on the agent's list",
    `CHAT=$(newest $AGENT task); CH=$(newest $AGENT conversationSid)
edge /features/park-interaction/flex/park-interaction -d Token=a.flex.token.of.$AGENT -d channelSid=$(newest $AGENT flexInteractionChannelSid) -d interactionSid=$(newest $AGENT flexInteractionSid) -d participantSid=$(newest $AGENT participant) -d conversationSid=$CH -d channelType=sms -d taskSid=$CHAT -d workflowSid=$(newest $AGENT workflow) -d taskChannelUniqueName=sms -d queueName=Everyone -d queueSid=$(newest $AGENT queue) --data-urlencode taskAttributes='{"name":"Chris"}' -d workerSid=$(newest $AGENT worker) -d createUpdateSyncMapItem=true
edge /parked/list -d Token=a.flex.token.of.$AGENT; look`,
  ],
  [
    "The customer writes again: an invite brings the conversation back to an agent",
    `sms "Me again"; look
AGENT=$(newest "" workerName); twilio reservations/$(newest $AGENT reservation)/accept; look`,
  ],
  [
    "The agent hands the chat to Erin (cold) and is out. Erin declines, TaskRouter gives up: the customer falls back to whoever is free",
    `CHAT=$(newest $AGENT task); KD=$(newest $AGENT flexInteractionSid); UO=$(newest $AGENT flexInteractionChannelSid); UT=$(newest $AGENT participant)
edge /features/conversation-transfer/flex/invite-participant -d Token=a.flex.token.of.$AGENT -d taskSid=$CHAT -d conversationId=$CHAT -d conversationSid=$CH --data-urlencode jsonAttributes='{"name":"Chris"}' -d transferTargetSid=$(newest erin worker) -d workersToIgnore='{}' -d flexInteractionSid=$KD -d flexInteractionChannelSid=$UO -d removeFlexInteractionParticipantSid=$UT -d taskChannelUniqueName=sms; look
twilio reservations/$(newest erin reservation)/reject; twilio tasks/$(newest erin task)/cancel; look`,
  ],
  [
    "Alice calls Erin the way Flex knows by itself: a ticket, an application, a task for Erin, a conference on each side",
    `DESTINATION=$(edge /internal-call/start -d Token=a.flex.token.of.alice -d workerSid=$(newest erin worker) | sed -n 's/.*"destination": *"\\([^"]*\\)".*/\\1/p'); echo $DESTINATION
twilio outbound-call -d '{"from":"alice","to":"'$DESTINATION'"}'; look
twilio reservations/$(newest erin reservation)/accept -d '{"options":{"From":"+15550009999"}}'; look
twilio calls/$(newest erin call)/hangup; look`,
  ],
];

export function tour() {
  const bold = (text) => `\x1b[1m${text}\x1b[0m`;
  const all = stops().map(([what, commands]) => `${bold(`# ${what}`)}\n${commands}`);
  return `
${bold("flex-edge is running")}: the Worker at http://127.0.0.1:8787, the local Twilio at http://127.0.0.1:4010.
Agents: alice, bob, carol (SIP), dave (a supervisor); their Flex tokens: a.flex.token.of.alice, a.flex.token.of.bob, …
A plugin is pointed at it with the domain http://127.0.0.1:8787. Ctrl-C ends both.

Paste this into a second terminal, piece by piece:

${all.join("\n\n")}

${bold("# What the Worker asked Twilio, and whether Twilio knows such requests")}
curl -s "http://127.0.0.1:4010/__standin/journal?kind=request" | tail -40; curl -s http://127.0.0.1:4010/__standin/violations; echo
`;
}

// What the customer's page and the panel can do: POST /desk/<name>.

/** `people` are the desk's, `twilio` the local Twilio's controls; `restart` empties every desk. */
export const createActions = ({ people, twilio, restart }) => ({
  // Who wants to be heard by one agent, or from the web, does not come in by an address.
  chat: (given) => (given.agent || given.channel === "web" ? people.startChat(given) : people.writeIn(given)),
  write: people.write,
  messages: people.messages,
  call: people.call,
  "hang-up": people.hangUp,
  "call-status": people.callStatus,
  phone: twilio.setPhone,
  fault: twilio.addFault,
  faults: twilio.listFaults,
  "clear-faults": () => twilio.removeFault(),
  webhooks: ({ mode }) => twilio.webhookMode({ mode }),
  operations: () => ({
    operations: [...new Set(Object.values(twilio.operations).flat().map((name) => name.split(" ")[1]))].sort(),
  }),
  reset: () => {
    restart();
    return {};
  },
});

// The customer's side: their messages go into the conversation, their calls into the queue.
const $ = (id) => document.getElementById(id);

async function ask(action, body = {}) {
  const response = await fetch(`/desk/${action}`, { method: "POST", body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

const person = () => ({ name: $("name").value, number: $("number").value, agent: $("agent").value || undefined });
const guard = (show, work) =>
  work().catch((error) => {
    $(show).textContent = error.message;
  });

let chat = null;
let call = null;

$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = $("body").value;
  void guard("chat-state", async () => {
    if (chat) await ask("write", { ...chat, body });
    else chat = await ask("chat", { ...person(), channel: $("channel").value, body });
    $("body").value = "";
    $("chat-state").textContent = "";
    await showMessages();
  });
});

$("new-chat").addEventListener("click", () => {
  chat = null;
  $("said").replaceChildren();
  $("chat-state").textContent = "The next message starts a new conversation.";
});

async function showMessages() {
  if (!chat) return;
  const { messages, state } = await ask("messages", chat);
  $("said").replaceChildren(
    ...messages.map(({ author, body }) => {
      const item = document.createElement("li");
      item.className = author === chat.author ? "mine" : "";
      item.textContent = author === chat.author ? body : `${author}: ${body}`;
      return item;
    }),
  );
  if (state === "closed") {
    $("chat-state").textContent = "The conversation is closed; the next message starts a new one.";
    chat = null;
  }
}

$("call").addEventListener("click", () =>
  guard("call-state", async () => {
    call = await ask("call", person());
    await showCall();
  }),
);
$("hang-up").addEventListener("click", () => guard("call-state", () => ask("hang-up", call)));
$("phone").addEventListener("change", () =>
  guard("call-state", () => ask("phone", { number: $("number").value, answer: $("phone").value })),
);

async function showCall() {
  if (!call) return;
  const { status, talking, onHold } = await ask("call-status", call);
  const live = status === "in-progress";
  $("hang-up").disabled = !live;
  $("call").disabled = live;
  $("call-state").textContent = !live ? `The call has ended (${status}).` : onHold ? "On hold" : talking ? "Talking" : "Waiting, with music";
  if (!live) call = null;
}

setInterval(() => {
  showMessages().catch(() => {});
  showCall().catch(() => {});
}, 500);

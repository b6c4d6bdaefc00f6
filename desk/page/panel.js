// What the Worker is asked and asks, as it happens, and faults on demand.
const $ = (id) => document.getElementById(id);
const KEPT = 300;

async function ask(action, body = {}) {
  const response = await fetch(`/desk/${action}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

const time = (at) => new Date(at).toISOString().slice(11, 21);
const answerOf = ({ status, fault, error, ms }) =>
  [status ?? (fault || error ? "" : "…"), fault && `(${fault})`, error && `(${error})`, ms !== undefined && `${ms} ms`].filter(Boolean).join(" ");

const DESCRIBE = {
  edge: (item) => [item.at, "somebody → Worker", item.line ?? `${item.method ?? ""} ${item.route}`, item.line ? "" : answerOf(item)],
  request: (item) => [item.at, "Worker → Twilio", `${item.method} ${item.path}${item.operationId ? ` · ${item.operationId}` : ""}`, answerOf(item)],
  webhook: (item) => [item.at, "Twilio → Worker", `${item.method} ${item.url}${item.event ? ` · ${item.event}` : ""}`, answerOf(item)],
  alert: (item) => [item.at, "Twilio's debugger", item.message, ""],
};

function show(item) {
  const known = item.id && document.getElementById(item.id);
  const row = known ?? document.createElement("tr");
  const [at, who, what, answer] = DESCRIBE[item.kind](item);
  row.id = item.id ?? "";
  row.className = `${item.kind}${item.trouble ? " trouble" : ""}`;
  row.replaceChildren(
    ...[time(at), who, what, answer].map((text) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      return cell;
    }),
  );
  if (known) return;
  $("log").prepend(row);
  while ($("log").childElementCount > KEPT) $("log").lastElementChild.remove();
}

async function showFaults() {
  const { faults } = await ask("faults");
  $("faults").replaceChildren(
    ...faults.map(({ fault, operationId, times, applied }) => {
      const item = document.createElement("li");
      item.textContent = `${fault} for ${operationId ?? "any request"}, ${times === 0 ? "always" : `${times}×`}; so far ${applied}×`;
      return item;
    }),
  );
}

$("fault").addEventListener("submit", async (event) => {
  event.preventDefault();
  await ask("fault", { fault: $("kind").value, operationId: $("operation").value || undefined, times: Number($("times").value) });
  await showFaults();
});
$("clear").addEventListener("click", () => ask("clear-faults").then(showFaults));
$("webhooks").addEventListener("change", () => ask("webhooks", { mode: $("webhooks").value }));
$("empty").addEventListener("click", () => $("log").replaceChildren());
$("reset").addEventListener("click", () => ask("reset").then(showFaults));

ask("operations").then(({ operations }) =>
  $("operation").append(
    ...operations.map((name) => {
      const option = document.createElement("option");
      option.textContent = name;
      return option;
    }),
  ),
);
new EventSource("/desk/log").onmessage = ({ data }) => show(JSON.parse(data));
setInterval(() => showFaults().catch(() => {}), 1000);

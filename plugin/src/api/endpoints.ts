import type { paths } from "./generated";

/**
 * When a request may be sent again by itself.
 * - `always`: asking twice is as good as asking once.
 * - `undone`: the Worker does it once per request and tells a copy the first one's answer. Sent again when the connection
 *   broke or the Worker says that it has not been done (429, 503), not when the outcome is unknown.
 * - `never`: the person decides.
 */
export type Repeat = "always" | "undone" | "never";

/** What the plugin asks the Worker for. */
export const ENDPOINTS = {
  "/internal-chat/list-agents": "always",
  "/internal-chat/list-pins": "always",
  "/internal-chat/pin": "always",
  "/internal-chat/unpin": "always",
  "/internal-chat/open": "undone",
  "/internal-call/start": "always",
  "/features/internal-call/flex/cleanup-rejected-task": "always",
  "/common/flex/programmable-voice/hold-participant": "always",
  "/common/flex/programmable-voice/remove-participant": "always",
  "/common/flex/taskrouter/get-queues": "always",
  "/common/flex/taskrouter/update-task-assignment-status": "always",
  "/common/flex/conversations/update-attributes": "always",
  "/features/conversation-transfer/flex/invite-participant": "undone",
  "/features/conversation-transfer/flex/remove-participant": "undone",
  "/dial": "undone",
  "/resolve-dial": "always",
  "/parked/list": "always",
  "/features/park-interaction/flex/park-interaction": "never",
  "/features/park-interaction/flex/unpark-interaction": "never",
} as const satisfies Partial<Record<keyof paths, Repeat>>;

export type Path = keyof typeof ENDPOINTS;

type Posts<P extends Path> = paths[P] extends { post: infer Operation } ? Operation : never;
type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : never;

type FormOf<Operation> = Operation extends {
  requestBody?: { content: { "application/x-www-form-urlencoded": infer Fields } };
}
  ? Fields
  : never;
type BodyOf<Operation> = Operation extends { responses: infer Answers }
  ? Answers extends { 200: infer Ok }
    ? Answers extends { 201: infer Made }
      ? Json<Made>
      : Json<Ok>
    : Answers extends { 201: infer Made }
      ? Json<Made>
      : never
  : never;

/** The form of a request, without the token, which the client puts in. */
export type Form<P extends Path> = Omit<FormOf<Posts<P>>, "Token">;
/** The body of its success. */
export type Answer<P extends Path> = BodyOf<Posts<P>>;
/** The name, in `/health`, of calls between agents that Flex runs by itself. */
export const NATIVE_CALLS = "native-internal-call";
export type Health = Json<paths["/health"]["get"]["responses"][200]>;

// Endpoints of the Worker that `openapi.yaml` does not have yet, in its shape. What it has is taken from it.

type Answers<Body> = { content: { "application/json": Body } };
type Post<Form, Body, Status extends number = 200> = {
  post: {
    requestBody: { content: { "application/x-www-form-urlencoded": Form } };
    responses: { [status in Status]: Answers<Body> };
  };
};

type Parked = {
  conversationSid: string;
  interactionSid: string;
  channelSid: string;
  taskSid: string;
  webhookSid: string;
  channelType: string;
  /** The customer's name or address, as the task had it */
  customer: string | null;
  /** ISO 8601 */
  parkedAt: string;
};

export interface PlannedPaths {
  "/features/park-interaction/flex/park-interaction": Post<
    {
      Token?: string;
      channelSid: string;
      interactionSid: string;
      participantSid: string;
      conversationSid: string;
      channelType: string;
      taskSid: string;
      workflowSid: string;
      taskChannelUniqueName: string;
      queueName: string;
      queueSid: string;
      /** A JSON object as text */
      taskAttributes: string;
      workerSid: string;
      createUpdateSyncMapItem: "true" | "false";
    },
    { success: true }
  >;
  "/features/park-interaction/flex/unpark-interaction": Post<
    { Token?: string; ConversationSid: string; WebhookSid?: string; RouteToSameWorker: "true" | "false" },
    { success: true }
  >;
  "/parked/list": Post<{ Token?: string }, { success: true; parked: Parked[] }>;
  "/internal-call/start": Post<
    { Token?: string; workerSid?: string; queueSid?: string },
    {
      success: true;
      /** `app:AP…?t=…` */
      destination: string;
      queueSid?: string;
      taskAttributes: { internal_call: "native"; name: string; conversations: { conversation_id: string } };
    }
  >;
}

/** The name, in `/health`, of calls between agents that Flex runs by itself. */
export const NATIVE_CALLS = "native-internal-call";

// Endpoints of the Worker that `openapi.yaml` does not have yet, in its shape. What it has is taken from it.

type Answers<Body> = { content: { "application/json": Body } };
type Post<Form, Body, Status extends number = 200> = {
  post: {
    requestBody: { content: { "application/x-www-form-urlencoded": Form } };
    responses: { [status in Status]: Answers<Body> };
  };
};

export interface PlannedPaths {
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

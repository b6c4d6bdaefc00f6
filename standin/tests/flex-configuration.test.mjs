// Flex's configuration.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyOperationOf, get, seed } from "./stage.mjs";

test("Flex's configuration names the workspace, the chat service and the outbound flow", async () => {
  const { body } = await get("/flex-api/v1/Configuration");
  assert.deepEqual(
    [body.taskrouter_workspace_sid, body.chat_service_instance_sid, body.outbound_call_flows.default.workflow_sid],
    [seed.WORKSPACE_SID, seed.CHAT_SERVICE_SID, seed.OUTBOUND_WORKFLOW_SID],
  );
});

everyOperationOf("flex-configuration");

import React from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { takeOver } from "../flex/actions";
import { Marks } from "../flex/marks";
import { isConversation, textOf } from "../flex/tasks";
import { HandOver } from "./HandOver";
import { handOver, openInvites, tidy } from "./transfer";

/** Until an agent who has accepted is in the conversation, and may write on it. */
const JOINED_AFTER = 3_000;

/** Hand a chat over. */
export function start(edge: Edge): void {
  const busy = new Marks();
  edge.flex.TaskCanvasHeader.Content.add(<HandOver key="flex-edge-hand-over" edge={edge} busy={busy} />, {
    sortOrder: 1,
  });

  takeOver(edge, "TransferTask", isConversation, async (task, { targetSid, options }) => {
    await busy.during(task.taskSid, () => handOver(edge, task, String(targetSid), options ?? {}));
  });

  // Ending a chat ends it for whoever was invited, too.
  for (const action of ["WrapupTask", "CompleteTask"]) {
    takeOver(edge, action, isConversation, async (task, _, native) => {
      const [invited] = task.status === "accepted" ? await openInvites(edge, task) : [];
      if (!invited) return native();
      const words = edge.words.handOver;
      return edge.notices.warn(words.endWhileInvited(invited.name ?? words.somebody));
    });
  }

  edge.manager.events.addListener("taskAccepted", (task: ITask) => {
    if (!isConversation(task) || !textOf(task.attributes, "transferTargetSid")) return;
    setTimeout(() => void tidy(edge, task), JOINED_AFTER);
  });
}

import React from "react";
import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { takeOver } from "../flex/actions";
import { Marks } from "../flex/marks";
import { isAgent, participantsOf } from "../flex/participants";
import { isConversation, textOf } from "../flex/tasks";
import { HandOver } from "./HandOver";
import { conversationFor, invitesOf, stillOpen } from "./invites";
import { handOver, tidy } from "./transfer";

/** Until an agent who has accepted is in the conversation, and may write on it. */
const JOINED_AFTER = 3_000;
/** Until what the Worker has written on a conversation is known here. */
const UPDATED_WITHIN = 1_500;

/** Hand a chat over. */
export function start(edge: Edge): void {
  const busy = new Marks();
  edge.flex.TaskCanvasHeader.Content.add(<HandOver key="flex-edge-hand-over" edge={edge} busy={busy} />, { sortOrder: 1 });

  takeOver(edge, "TransferTask", isConversation, async (task, { targetSid, options }) => {
    await busy.during(task.taskSid, () => handOver(edge, task, String(targetSid), (options ?? {})));
  });

  // Ending a chat ends it for whoever was invited, too.
  for (const action of ["WrapupTask", "CompleteTask"]) {
    takeOver(edge, action, isConversation, async (task, _, native) => {
      const invited = task.status === "accepted" ? await openInvite(edge, task) : undefined;
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

/** An invitation that is open still; one that was declined stays noted until the Worker is asked to tidy up. */
async function openInvite(edge: Edge, task: ITask) {
  const conversation = conversationFor(edge, task);
  if (!conversation || invitesOf(conversation).length === 0) return undefined;
  const updated = new Promise((resolve) => {
    conversation.once("updated", resolve);
    setTimeout(resolve, UPDATED_WITHIN);
  });
  const [participants] = await Promise.all([participantsOf(task).catch(() => []), tidy(edge, task)]);
  await updated;
  return stillOpen(invitesOf(conversation), participants.filter(isAgent))[0];
}

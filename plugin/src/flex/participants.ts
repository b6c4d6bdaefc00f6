import type { ITask } from "@twilio/flex-ui";
import type { Edge } from "../edge";
import { conversationOf } from "./tasks";

/** A participant of an interaction's channel, as far as Flex tells. */
export interface Participant {
  /** UT… */
  sid: string;
  type: string;
  workerSid: string | undefined;
  taskSid: string | undefined;
}

type FlexParticipant = {
  participantSid?: string;
  type?: string;
  routingProperties?: { workerSid?: string; taskSid?: string };
};

/** Who takes part in a conversation now. */
export async function participantsOf(task: ITask): Promise<Participant[]> {
  const found = (await task.getParticipants(conversationOf(task).channel)) as FlexParticipant[];
  return found.flatMap(({ participantSid, type = "", routingProperties }) =>
    participantSid
      ? [{ sid: participantSid, type, workerSid: routingProperties?.workerSid, taskSid: routingProperties?.taskSid }]
      : [],
  );
}

export function isAgent(participant: Participant): boolean {
  return participant.type === "agent" || participant.type === "supervisor";
}

/** The acting agent's own participant: in a conversation with several agents not just any of them. */
export function ownPart(edge: Edge, task: ITask, participants: readonly Participant[]): Participant | undefined {
  const agents = participants.filter(isAgent);
  return (
    agents.find((agent) => agent.taskSid === task.taskSid) ??
    agents.find((agent) => agent.workerSid !== undefined && agent.workerSid === edge.manager.workerClient?.sid)
  );
}

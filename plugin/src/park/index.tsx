import React from "react";
import type { Edge } from "../edge";
import { Marks } from "../flex/marks";
import { addView } from "../flex/view";
import { ParkButton } from "./ParkButton";
import { ParkedList, VIEW } from "./ParkedList";

/** Park a chat, and take it back. */
export function start(edge: Edge): void {
  edge.flex.TaskCanvasHeader.Content.add(<ParkButton key="flex-edge-park" edge={edge} busy={new Marks()} />, {
    sortOrder: 1,
  });
  addView(edge, VIEW, "Hold", () => ({ text: edge.words.park.title }), <ParkedList edge={edge} />);
}

import React from "react";
import type { Edge } from "../edge";
import { Marks } from "../flex/marks";
import { CallCustomer } from "./CallCustomer";

/** Call the customer of a chat. */
export function start(edge: Edge): void {
  edge.flex.TaskCanvasHeader.Content.add(
    <CallCustomer key="flex-edge-call-customer" edge={edge} busy={new Marks()} />,
    {
      sortOrder: 1,
    },
  );
}

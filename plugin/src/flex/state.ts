import { useEffect, useReducer, useRef } from "react";
import type { AppState } from "@twilio/flex-ui";
import type { Edge } from "../edge";

/** A component's piece of Flex's state; the component renders again when it changes. */
export function useFlexState<T>(edge: Edge, select: (flex: AppState) => T): T {
  const { store } = edge.manager;
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const current = select(store.getState().flex);
  const latest = useRef({ select, current });
  latest.current = { select, current };
  useEffect(() => {
    const look = () => {
      const { select, current } = latest.current;
      if (!Object.is(select(store.getState().flex), current)) renderAgain();
    };
    look(); // it may have changed since the component was rendered
    return store.subscribe(look);
  }, [store]);
  return current;
}

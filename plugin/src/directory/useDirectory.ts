import { useCallback, useEffect, useRef, useState } from "react";
import type { Answer } from "../api/endpoints";
import type { Edge } from "../edge";

export type Agent = Answer<"/internal-chat/list-agents">["agents"][number];

export interface Directory {
  agents: readonly Agent[];
  status: "loading" | "ready" | "failed";
  hasMore: boolean;
  loadMore: () => void;
  retry: () => void;
}

/** A typist's pause. */
const PAUSE = 250;

/**
 * The Worker's directory, searched as the agent types, a page at a time. Nothing is asked while nobody looks. Failures are told
 * once, not for every letter.
 */
export function useDirectory(edge: Edge, isShown: boolean, search: string, limit: number, failed: string): Directory {
  const [{ agents, cursor, status }, setList] = useState<{
    agents: Agent[];
    cursor: string | null;
    status: Directory["status"];
  }>({ agents: [], cursor: null, status: "loading" });
  const latest = useRef(0);
  const wasTold = useRef(false);

  const load = useCallback(
    async (search: string, after: { agents: Agent[]; cursor: string | null }) => {
      latest.current += 1;
      const turn = latest.current;
      setList((list) => ({ ...list, status: "loading" }));
      try {
        const form = { search, limit, ...(after.cursor === null ? {} : { cursor: after.cursor }) };
        const page = await edge.client.ask("/internal-chat/list-agents", form);
        if (turn !== latest.current) return;
        wasTold.current = false;
        setList({ agents: [...after.agents, ...page.agents], cursor: page.nextCursor, status: "ready" });
      } catch (error) {
        if (turn !== latest.current) return;
        setList((list) => ({ ...list, status: "failed" }));
        if (!wasTold.current) edge.notices.failed(failed, error);
        wasTold.current = true;
      }
    },
    [edge, limit, failed],
  );

  const searched = useRef<string>();
  useEffect(() => {
    if (!isShown) {
      searched.current = undefined;
      return undefined;
    }
    const pause = searched.current === undefined ? 0 : PAUSE;
    searched.current = search;
    const timer = setTimeout(() => void load(search, { agents: [], cursor: null }), pause);
    return () => clearTimeout(timer);
  }, [isShown, search, load]);
  // What comes in after the component is gone is dropped.
  useEffect(
    () => () => {
      latest.current = -1;
    },
    [],
  );

  return {
    agents,
    status,
    hasMore: cursor !== null,
    loadMore: () => void load(search, { agents, cursor }),
    retry: () => void load(search, { agents: [], cursor: null }),
  };
}

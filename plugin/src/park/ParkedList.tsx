import React, { useCallback, useEffect, useRef, useState } from "react";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Heading } from "@twilio-paste/core/heading";
import { Table, TBody, Td, Th, THead, Tr } from "@twilio-paste/core/table";
import { Text } from "@twilio-paste/core/text";
import type { Edge } from "../edge";
import { useFlexState } from "../flex/state";
import { takeBack, type Parked } from "./park";

export const VIEW = "flex-edge-parked";

/** What the agent has parked, with a way to take each chat back. */
export function ParkedList({ edge }: { edge: Edge }): JSX.Element {
  const words = edge.words.park;
  const { client, notices } = edge;
  const isShown = useFlexState(edge, (flex) => flex.view.activeView === VIEW);
  // A parked chat that comes back is a new task.
  const tasks = useFlexState(edge, (flex) => flex.worker.tasks.size);
  const [list, setList] = useState<readonly Parked[]>();
  const [isLoading, setIsLoading] = useState(false);
  const [leaving, setLeaving] = useState<string>();
  const turn = useRef(0);

  const load = useCallback(async () => {
    turn.current += 1;
    const own = turn.current;
    setIsLoading(true);
    try {
      const { parked } = await client.ask("/parked/list", {});
      if (own === turn.current) setList(parked);
    } catch (error) {
      if (own === turn.current) notices.failed(words.listFailed, error);
    } finally {
      if (own === turn.current) setIsLoading(false);
    }
  }, [client, notices, words]);

  useEffect(() => {
    if (isShown) void load();
  }, [isShown, tasks, load]);
  useEffect(
    () => () => {
      turn.current = -1;
    },
    [],
  );

  const back = async (parked: Parked) => {
    setLeaving(parked.conversationSid);
    const isBack = await takeBack(edge, parked);
    if (turn.current === -1) return;
    setLeaving(undefined);
    if (isBack) setList((list) => list?.filter((other) => other !== parked));
  };

  return (
    <Box
      as="section"
      aria-labelledby="flex-edge-parked"
      padding="space70"
      width="100%"
      overflowY="auto"
      data-testid="flex-edge-parked"
    >
      <Box display="flex" justifyContent="space-between" alignItems="flex-start">
        <Heading as="h2" variant="heading20" id="flex-edge-parked">
          {words.heading}
        </Heading>
        <Button variant="secondary" size="small" loading={isLoading} onClick={() => void load()}>
          {words.refresh}
        </Button>
      </Box>
      {list === undefined || list.length === 0 ? (
        <Text as="p" role="status">
          {list === undefined ? (isLoading ? words.loading : words.listFailed) : words.none}
        </Text>
      ) : (
        <Table>
          <THead>
            <Tr>
              <Th>{words.customer}</Th>
              <Th>{words.channel}</Th>
              <Th>{words.since}</Th>
              <Th>{words.action}</Th>
            </Tr>
          </THead>
          <TBody>
            {list.map((parked) => {
              const name = parked.customer ?? words.unknown;
              return (
                <Tr key={parked.conversationSid}>
                  <Td>{name}</Td>
                  <Td>{parked.channelType}</Td>
                  <Td>{momentOf(edge, parked.parkedAt)}</Td>
                  <Td>
                    <Button
                      variant="primary"
                      size="small"
                      loading={leaving === parked.conversationSid}
                      disabled={leaving !== undefined}
                      aria-label={words.takeBackFrom(name)}
                      onClick={() => void back(parked)}
                    >
                      {words.takeBack}
                    </Button>
                  </Td>
                </Tr>
              );
            })}
          </TBody>
        </Table>
      )}
    </Box>
  );
}

function momentOf(edge: Edge, iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  return time.toLocaleString(edge.manager.localization?.localeTag, { dateStyle: "short", timeStyle: "short" });
}

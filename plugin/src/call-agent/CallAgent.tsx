import React, { useState } from "react";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Heading } from "@twilio-paste/core/heading";
import { Input } from "@twilio-paste/core/input";
import { Label } from "@twilio-paste/core/label";
import { Stack } from "@twilio-paste/core/stack";
import { Text } from "@twilio-paste/core/text";
import { Truncate } from "@twilio-paste/core/truncate";
import { CallIcon } from "@twilio-paste/icons/esm/CallIcon";
import { useDirectory, type Agent } from "../directory/useDirectory";
import type { Edge } from "../edge";
import { callObstacle } from "../flex/tasks";
import { useFlexState } from "../flex/state";
import { placeCall } from "./place";

const PAGE = 20;

/** A section of the dialpad: search an agent, call them. */
export function CallAgent({ edge }: { edge: Edge }): JSX.Element {
  const words = edge.words.callAgent;
  const [search, setSearch] = useState("");
  const [calling, setCalling] = useState<string>();
  const isOpen = useFlexState(edge, (flex) => flex.view.isOutboundDialerOpen);
  const directory = useDirectory(edge, isOpen, search, PAGE, words.directoryFailed);
  const obstacle = useFlexState(edge, () => callObstacle(edge));
  const others = directory.agents.filter((agent) => agent.workerSid !== edge.manager.workerClient?.sid);

  const call = async (agent: Agent) => {
    if (calling !== undefined) return;
    setCalling(agent.workerSid);
    const isOnItsWay = await placeCall(edge, agent);
    setCalling(undefined);
    if (isOnItsWay && edge.manager.store.getState().flex.view.isOutboundDialerOpen) {
      await edge.flex.Actions.invokeAction("ToggleOutboundDialer").catch(() => undefined);
    }
  };

  return (
    <Box
      as="section"
      aria-labelledby="flex-edge-call-agent"
      paddingTop="space70"
      width="100%"
      data-testid="flex-edge-call-agent"
    >
      <Stack orientation="vertical" spacing="space40">
        <Heading as="h3" variant="heading40" id="flex-edge-call-agent" marginBottom="space0">
          {words.title}
        </Heading>
        <Box>
          <Label htmlFor="flex-edge-call-agent-search">{words.search}</Label>
          <Input
            id="flex-edge-call-agent-search"
            type="search"
            autoComplete="off"
            placeholder={words.placeholder}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </Box>
        {obstacle && (
          <Text as="p" role="status" color="colorTextWarningStrong">
            {words[obstacle]}
          </Text>
        )}
        <Text as="p" role="status" color="colorTextWeak" fontSize="fontSize20">
          {directory.status === "loading"
            ? words.loading
            : directory.status === "failed"
              ? words.directoryFailed
              : words.found(others.length, directory.hasMore)}
        </Text>
        {directory.status === "failed" && (
          <Button variant="secondary" size="small" onClick={directory.retry}>
            {words.retry}
          </Button>
        )}
        <Box as="ul" margin="space0" padding="space0" listStyleType="none" maxHeight="size40" overflowY="auto">
          {others.map((agent) => (
            <AgentRow
              key={agent.workerSid}
              edge={edge}
              agent={agent}
              isCalling={calling === agent.workerSid}
              isBlocked={calling !== undefined || obstacle !== undefined}
              onCall={() => void call(agent)}
            />
          ))}
        </Box>
        {directory.hasMore && (
          <Button
            variant="secondary"
            size="small"
            fullWidth
            loading={directory.status === "loading"}
            onClick={directory.loadMore}
          >
            {words.more}
          </Button>
        )}
      </Stack>
    </Box>
  );
}

type RowProps = { edge: Edge; agent: Agent; isCalling: boolean; isBlocked: boolean; onCall: () => void };

function AgentRow({ edge, agent, isCalling, isBlocked, onCall }: RowProps): JSX.Element {
  const words = edge.words.callAgent;
  const canBeCalled = /^(client|sip):/.test(agent.contactUri ?? "");
  const state = !canBeCalled ? words.noTelephone : (agent.activity ?? (agent.available ? "" : words.notAvailable));
  return (
    <Box
      as="li"
      display="flex"
      alignItems="center"
      justifyContent="space-between"
      columnGap="space40"
      paddingY="space20"
    >
      <Box minWidth="size0" flex="1">
        <Text as="p" fontWeight="fontWeightSemibold">
          <Truncate title={agent.name}>{agent.name}</Truncate>
        </Text>
        <Text as="p" color="colorTextWeak" fontSize="fontSize20">
          {state}
        </Text>
      </Box>
      <Button
        variant="primary"
        size="small"
        loading={isCalling}
        disabled={!canBeCalled || !agent.available || isBlocked}
        aria-label={isCalling ? words.calling(agent.name) : words.call(agent.name)}
        onClick={onCall}
      >
        <CallIcon decorative />
        {words.callShort}
      </Button>
    </Box>
  );
}

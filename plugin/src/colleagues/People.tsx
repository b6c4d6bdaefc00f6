import React, { useEffect, useState } from "react";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Heading } from "@twilio-paste/core/heading";
import { Input } from "@twilio-paste/core/input";
import { Label } from "@twilio-paste/core/label";
import { Text } from "@twilio-paste/core/text";
import { useDirectory } from "../directory/useDirectory";
import type { Edge } from "../edge";
import { useObservable } from "../flex/observable";
import type { Chats } from "./Chats";
import { Entry } from "./Entry";
import { identityOf, otherIn } from "./identity";
import type { Names } from "./Names";
import type { Pins } from "./Pins";

const PAGE = 30;
const RECENT = 15;

type Props = {
  edge: Edge;
  chats: Chats;
  names: Names;
  pins: Pins;
  isShown: boolean;
  /** The identity that is chatted with. */
  selected: string | undefined;
  opening: string | undefined;
  onSelect: (identity: string) => void;
};

/** Whom one can chat with: pinned, recent, and everybody. */
export function People({ edge, chats, names, pins, isShown, selected, opening, onSelect }: Props): JSX.Element {
  const words = edge.words.colleagues;
  useObservable(chats);
  useObservable(names);
  useObservable(pins);
  const [search, setSearch] = useState("");
  const [recent, setRecent] = useState(RECENT);
  const directory = useDirectory(edge, isShown, search, PAGE, words.directoryFailed);
  useEffect(() => names.learn(directory.agents), [names, directory.agents]);

  const pinned = pins.names.flatMap((name) => otherIn(name, chats.me) ?? []);
  const others = chats.all.filter((chat) => !pins.has(chat.name)).map((chat) => chat.other);
  const shown = [...pinned, ...others.slice(0, recent)].join(" ");
  // Whom the first page of the directory did not name.
  useEffect(() => {
    if (directory.status !== "loading")
      for (const identity of shown.split(" ")) if (identity) void names.find(identity);
  }, [names, shown, directory.status]);

  const entry = (identity: string, detail?: string | null) => (
    <Entry
      key={identity}
      edge={edge}
      name={names.of(identity)}
      detail={detail}
      unread={chats.all.find((chat) => chat.other === identity)?.unread ?? 0}
      isSelected={identity === selected}
      isOpening={identity === opening}
      onOpen={() => onSelect(identity)}
    />
  );

  return (
    <Box
      as="nav"
      aria-label={words.title}
      width="size30"
      height="100%"
      overflowY="auto"
      padding="space40"
      borderRightWidth="borderWidth10"
      borderRightStyle="solid"
      borderRightColor="colorBorderWeaker"
    >
      <Heading as="h2" variant="heading30">
        {words.title}
      </Heading>
      <Label htmlFor="flex-edge-colleagues-search">{words.search}</Label>
      <Input
        id="flex-edge-colleagues-search"
        type="search"
        autoComplete="off"
        placeholder={words.placeholder}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {search.trim() === "" && (
        <>
          <Section
            title={words.pinned}
            empty={pins.status === "failed" ? words.pinsFailed : pins.status === "ready" ? words.noPins : words.loading}
          >
            {pinned.map((identity) => entry(identity))}
          </Section>
          {pins.status === "failed" && <Retry label={words.retry} onClick={() => void pins.load()} />}
          <Section
            title={words.recent}
            empty={
              chats.status === "failed"
                ? words.listFailed
                : chats.status === "ready"
                  ? pinned.length > 0
                    ? words.noOthers
                    : words.noRecent
                  : words.loading
            }
          >
            {others.slice(0, recent).map((identity) => entry(identity))}
          </Section>
          {chats.status === "failed" && <Retry label={words.retry} onClick={() => void chats.load()} />}
          {others.length > recent && <Retry label={words.more} onClick={() => setRecent(recent + RECENT)} />}
        </>
      )}
      <Section
        title={words.directory}
        empty={
          directory.status === "failed"
            ? words.directoryFailed
            : directory.status === "loading"
              ? words.loading
              : words.noAgents
        }
      >
        {directory.agents
          .filter((agent) => agent.workerSid !== edge.manager.workerClient?.sid)
          .map((agent) => {
            const identity = identityOf(agent);
            return identity === undefined ? (
              <Box as="li" key={agent.workerSid} paddingY="space20" paddingX="space30">
                <Text as="span" color="colorTextWeak">
                  {agent.name} ({words.cannotChat})
                </Text>
              </Box>
            ) : (
              entry(identity, agent.activity)
            );
          })}
      </Section>
      {directory.status === "failed" && <Retry label={words.retry} onClick={directory.retry} />}
      {directory.hasMore && <Retry label={words.more} onClick={directory.loadMore} />}
    </Box>
  );
}

function Retry({ label, onClick }: { label: string; onClick: () => void }): JSX.Element {
  return (
    <Button variant="secondary" size="small" fullWidth onClick={onClick}>
      {label}
    </Button>
  );
}

function Section({
  title,
  empty,
  children,
}: {
  title: string;
  empty: string;
  children: React.ReactNode[];
}): JSX.Element {
  return (
    <Box as="section" aria-label={title} marginTop="space50">
      <Heading as="h3" variant="heading50" marginBottom="space0">
        {title}
      </Heading>
      {children.length === 0 ? (
        <Text as="p" role="status" color="colorTextWeak">
          {empty}
        </Text>
      ) : (
        <Box as="ul" margin="space0" padding="space0" listStyleType="none">
          {children}
        </Box>
      )}
    </Box>
  );
}

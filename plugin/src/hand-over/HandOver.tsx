import React from "react";
import type { ITask } from "@twilio/flex-ui";
import { Box } from "@twilio-paste/core/box";
import { Button } from "@twilio-paste/core/button";
import { Menu, MenuButton, MenuItem, MenuSeparator, useMenuState } from "@twilio-paste/core/menu";
import { AgentIcon } from "@twilio-paste/icons/esm/AgentIcon";
import { MoreIcon } from "@twilio-paste/icons/esm/MoreIcon";
import type { Edge } from "../edge";
import { useMark, type Marks } from "../flex/marks";
import { useFlexState } from "../flex/state";
import { isConversation } from "../flex/tasks";
import { useOthers } from "./invites";
import { cancelInvite, leave } from "./transfer";

type Props = { edge: Edge; busy: Marks; task?: ITask };

/** In a chat's header: hand it over, and see who else is in it or invited. */
export function HandOver({ edge, busy, task }: Props): JSX.Element | null {
  if (!isConversation(task) || task.status !== "accepted") return null;
  return <Handing edge={edge} busy={busy} task={task} />;
}

function Handing({ edge, busy, task }: Required<Props>): JSX.Element {
  const words = edge.words.handOver;
  const isBusy = useMark(busy, task.taskSid);
  const { agents, invites } = useOthers(edge, task);
  const menu = useMenuState();
  // Flex can hand chats over by itself, where Twilio has switched that on: its directory does not ask us then.
  const isFlexs = useFlexState(edge, (flex) => Boolean(flex.featureFlags?.transfersConfig?.enabled));
  const { Actions } = edge.flex;
  const isAlone = agents.length === 0 && invites.length === 0;
  return (
    <Box display="flex" columnGap="space30" alignItems="center" data-testid="flex-edge-hand-over">
      {!isFlexs && (
        <Button
          variant="secondary"
          size="small"
          loading={isBusy}
          aria-label={isBusy ? words.busy : words.toTarget}
          onClick={() => void Actions.invokeAction("ShowDirectory", { task }).catch(() => undefined)}
        >
          {words.button}
        </Button>
      )}
      <MenuButton {...menu} variant="secondary" size="icon_small" aria-label={words.people}>
        {isAlone ? <MoreIcon decorative /> : <AgentIcon decorative />}
      </MenuButton>
      <Menu {...menu} aria-label={words.people}>
        {isAlone && (
          <MenuItem {...menu} disabled>
            {words.nobodyElse}
          </MenuItem>
        )}
        {invites.map((invite) => (
          <MenuItem
            {...menu}
            key={invite.taskSid}
            disabled={isBusy}
            onClick={() => {
              menu.hide();
              void busy.during(task.taskSid, () => cancelInvite(edge, task, invite));
            }}
          >
            {words.cancel(invite.name ?? words.somebody)}
          </MenuItem>
        ))}
        {invites.length > 0 && <MenuSeparator {...menu} />}
        {!isAlone && (
          <MenuItem
            {...menu}
            disabled={isBusy}
            onClick={() => {
              menu.hide();
              void busy.during(task.taskSid, () => leave(edge, task));
            }}
          >
            {words.leave}
          </MenuItem>
        )}
      </Menu>
    </Box>
  );
}

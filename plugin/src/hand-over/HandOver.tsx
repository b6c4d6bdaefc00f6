import React, { useEffect } from "react";
import type { ITask } from "@twilio/flex-ui";
import { Box } from "@twilio-paste/core/box";
import { Menu, MenuButton, MenuItem, MenuSeparator, useMenuState } from "@twilio-paste/core/menu";
import { CommunityIcon } from "@twilio-paste/icons/esm/CommunityIcon";
import { ShareIcon } from "@twilio-paste/icons/esm/ShareIcon";
import type { Edge } from "../edge";
import { HeaderButton } from "../flex/HeaderButton";
import { useMark, type Marks } from "../flex/marks";
import { useFlexState } from "../flex/state";
import { isConversation } from "../flex/tasks";
import { useOthers, type Invite } from "./invites";
import { cancelInvite, leave, tidy } from "./transfer";

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
  // Flex can hand chats over by itself, where Twilio has switched that on: its directory does not ask us then.
  const isFlexs = useFlexState(edge, (flex) => Boolean(flex.featureFlags?.transfersConfig?.enabled));
  const { Actions } = edge.flex;
  const isAlone = agents.length === 0 && invites.length === 0;
  return (
    <Box display="flex" alignItems="center" alignSelf="center">
      {!isFlexs && (
        <HeaderButton
          label={words.toTarget}
          busyLabel={words.busy}
          icon={<ShareIcon decorative />}
          isBusy={isBusy}
          testId="flex-edge-hand-over"
          onPress={() => void Actions.invokeAction("ShowDirectory", { task }).catch(() => undefined)}
        />
      )}
      {!isAlone && <OthersMenu edge={edge} busy={busy} task={task} isBusy={isBusy} invites={invites} />}
    </Box>
  );
}

type MenuProps = Required<Props> & { isBusy: boolean; invites: readonly Invite[] };

function OthersMenu({ edge, busy, task, isBusy, invites }: MenuProps): JSX.Element {
  const words = edge.words.handOver;
  const menu = useMenuState();
  // Who has declined is still noted until somebody asks.
  const isOpen = menu.visible;
  useEffect(() => {
    if (isOpen && invites.length > 0) void tidy(edge, task);
    // Once for each opening.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isOpen]);
  const item = (key: string, label: string, work: () => Promise<void>) => (
    <MenuItem
      {...menu}
      key={key}
      disabled={isBusy}
      onClick={() => {
        menu.hide();
        void busy.during(task.taskSid, work);
      }}
    >
      {label}
    </MenuItem>
  );
  return (
    <>
      <Box display="flex" marginRight="space20">
        <MenuButton {...menu} variant="secondary" size="icon_small" aria-label={words.people} title={words.people}>
          <CommunityIcon decorative />
        </MenuButton>
      </Box>
      <Menu {...menu} aria-label={words.people}>
        {invites.map((invite) =>
          item(invite.taskSid, words.cancel(invite.name ?? words.somebody), () => cancelInvite(edge, task, invite)),
        )}
        {invites.length > 0 && <MenuSeparator {...menu} />}
        {item("leave", words.leave, () => leave(edge, task))}
      </Menu>
    </>
  );
}

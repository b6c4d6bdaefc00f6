import React from "react";
import type { Edge } from "../edge";

/** What a link says; `count` is shown on its icon. */
export type Label = { text: string; count?: number };
type LinkProps = { edge: Edge; name: string; icon: string; useLabel: () => Label; activeView?: string };

/** Flex tells links in the side navigation which view is open. */
function Link({ edge, name, icon, useLabel, activeView }: LinkProps): JSX.Element {
  const { SideLink, Actions } = edge.flex;
  const { text, count = 0 } = useLabel();
  return (
    <SideLink
      icon={icon}
      iconActive={`${icon}Bold`}
      isActive={activeView === name}
      showLabel
      aria-label={text}
      {...(count > 0 ? { Badge: { children: count } } : {})}
      onClick={() => void Actions.invokeAction("NavigateToView", { viewName: name }).catch(() => undefined)}
    >
      {text}
    </SideLink>
  );
}

/** A view with its link in the side navigation. */
export function addView(edge: Edge, name: string, icon: string, useLabel: () => Label, content: JSX.Element): void {
  const { SideNav, ViewCollection, View } = edge.flex;
  SideNav.Content.add(<Link key={name} edge={edge} name={name} icon={icon} useLabel={useLabel} />, { sortOrder: 10 });
  ViewCollection.Content.add(
    <View name={name} key={name}>
      {content}
    </View>,
  );
}

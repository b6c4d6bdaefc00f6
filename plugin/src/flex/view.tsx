import React from "react";
import type { Edge } from "../edge";

type LinkProps = { edge: Edge; name: string; icon: string; useLabel: () => string; activeView?: string };

/** Flex tells links in the side navigation which view is open. */
function Link({ edge, name, icon, useLabel, activeView }: LinkProps): JSX.Element {
  const { SideLink, Actions } = edge.flex;
  const label = useLabel();
  return (
    <SideLink
      icon={icon}
      iconActive={`${icon}Bold`}
      isActive={activeView === name}
      showLabel
      aria-label={label}
      onClick={() => void Actions.invokeAction("NavigateToView", { viewName: name }).catch(() => undefined)}
    >
      {label}
    </SideLink>
  );
}

/** A view with its link in the side navigation. */
export function addView(edge: Edge, name: string, icon: string, useLabel: () => string, content: JSX.Element): void {
  const { SideNav, ViewCollection, View } = edge.flex;
  SideNav.Content.add(<Link key={name} edge={edge} name={name} icon={icon} useLabel={useLabel} />, { sortOrder: 10 });
  ViewCollection.Content.add(
    <View name={name} key={name}>
      {content}
    </View>,
  );
}

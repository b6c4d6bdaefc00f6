import { render as renderBare, type RenderResult } from "@testing-library/react";
import { Theme } from "@twilio-paste/core/theme";
import React from "react";

/** Flex gives Paste its theme; here Paste's own does. */
export function render(element: JSX.Element): RenderResult {
  const themed = ({ children }: { children?: React.ReactNode }) => (
    <Theme.Provider theme="default">{children}</Theme.Provider>
  );
  return renderBare(element, { wrapper: themed });
}

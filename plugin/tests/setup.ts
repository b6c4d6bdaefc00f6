import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// A busy machine is no failure.
configure({
  asyncUtilTimeout: 5_000,
  // The whole document is too long to read.
  getElementError: (message) =>
    Object.assign(new Error(message ?? "not found"), { name: "TestingLibraryElementError" }),
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  if (typeof localStorage !== "undefined") localStorage.clear();
});

// jsdom draws nothing; axe asks for a canvas to tell icon fonts from text.
if (typeof HTMLCanvasElement !== "undefined") HTMLCanvasElement.prototype.getContext = () => null;

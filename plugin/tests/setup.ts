import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  localStorage.clear();
});

// jsdom draws nothing; axe asks for a canvas to tell icon fonts from text.
HTMLCanvasElement.prototype.getContext = () => null;

import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

// Flex starts a plugin by `document.currentScript`: it has to be one classic script that calls `Plugins.init` at once. React
// comes from Flex, because hooks work with one React only; Paste is no global of Flex's and is bundled.
export default defineConfig(({ command }) => ({
  define: {
    "process.env.NODE_ENV": JSON.stringify(command === "build" ? "production" : "test"),
    __VERSION__: JSON.stringify(manifest.version),
  },
  esbuild: { jsx: "transform", legalComments: "none" },
  build: {
    target: "es2020",
    sourcemap: true,
    reportCompressedSize: true,
    lib: { entry: "src/index.ts", formats: ["iife"], name: "FlexEdge", fileName: () => "flex-edge.js" },
    rollupOptions: {
      external: ["react", "react-dom"],
      output: { inlineDynamicImports: true, globals: { react: "React", "react-dom": "ReactDOM" } },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
}));

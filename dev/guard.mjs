// The first half of wrangler's build command. `npx wrangler deploy` by itself would delete the Worker's vars, because
// wrangler deploys those of wrangler.toml and no others, and there are none.
if (["deploy", "versions upload"].includes(process.env.WRANGLER_COMMAND) && !process.env.FLEX_EDGE_SETTINGS) {
  console.error("Use `npm run deploy`: wrangler alone does not know your settings and would delete the Worker's vars.");
  process.exit(1);
}

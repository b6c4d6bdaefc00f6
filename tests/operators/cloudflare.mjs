// As much of Cloudflare's API as wrangler asks for when it deploys; keeps what was uploaded.
import http from "node:http";

// The Durable Object's class stands since the first deployment; wrangler uploads no version before that.
const DEPLOYED = { default_environment: { environment: "production", script: { migration_tag: "v1" } } };
const WHEN = "2026-01-01T00:00:00Z";
export const VERSIONS = ["00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000001"]; // the newest first
const version = (id) => ({
  id,
  number: VERSIONS.length - VERSIONS.indexOf(id),
  metadata: { created_on: WHEN, modified_on: WHEN, source: "api", author_email: "", author_id: "" },
  annotations: {},
  resources: { bindings: [], script: { handlers: ["fetch"] }, script_runtime: {} },
});
const NOT_FOUND = Symbol("404");
const NOT_FOUND_ERROR = { code: 10090, message: "workers.api.error.service_not_found" };

/** The JSON part `metadata` of an upload. */
const metadataOf = (body) => JSON.parse(/name="metadata"\r\n\r\n(.*?)\r\n--/s.exec(body.toString("latin1"))[1]);

export async function startCloudflare() {
  const uploads = []; // {method, path, metadata}
  const files = []; // the manifest of each upload of static files, which are all there already
  const deployed = [{ id: "deployment-0", source: "api", strategy: "percentage", created_on: WHEN, author_email: "", versions: [{ version_id: VERSIONS[0], percentage: 100 }] }]; // the newest first
  const asked = [];

  function answer(method, path, body) {
    if (/\/assets-upload-session$/.test(path)) {
      files.push(JSON.parse(body).manifest);
      return { jwt: "the files are there", buckets: [] };
    }
    const upload = /\/workers\/scripts\/[\w-]+(\/versions)?$/.test(path) && method !== "GET";
    if (upload) uploads.push({ method, path, metadata: metadataOf(body) });
    if (upload) return { id: "version-1", tag: "tag-1", deployment_id: "deployment-1", etag: "1", startup_time_ms: 3, metadata: {}, resources: { script_runtime: {} } };
    if (method === "GET" && /\/workers\/services\/[\w-]+$/.test(path)) return uploads.length > 0 ? DEPLOYED : NOT_FOUND;
    if (/\/workers\/workers\/[\w-]+$/.test(path)) return { subdomain: { enabled: true, previews_enabled: true } };
    if (/\/settings$/.test(path)) return NOT_FOUND;
    if (/\/storage\/kv\/namespaces$/.test(path)) return method === "GET" ? [] : { id: "f".repeat(32), title: "STATE" };
    if (/\/workers\/subdomain$/.test(path)) return { subdomain: "example" };
    if (/\/subdomain$/.test(path)) return { enabled: true, previews_enabled: true };
    if (/\/deployments$/.test(path)) {
      if (method === "GET") return { deployments: deployed };
      deployed.unshift({ id: `deployment-${deployed.length}`, source: "api", strategy: "percentage", created_on: WHEN, author_email: "", ...JSON.parse(body) });
      return deployed[0];
    }
    if (/\/versions$/.test(path)) return { items: VERSIONS.map(version) };
    if (/\/versions\/[\w-]+$/.test(path)) return version(path.split("/").at(-1));
    return /\/(secrets|schedules|routes|domains|versions|migrations)/.test(path) ? [] : {};
  }

  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url, "http://cloudflare.invalid").pathname;
    asked.push(`${request.method} ${path}`);
    const result = answer(request.method, path, Buffer.concat(chunks));
    const isThere = result !== NOT_FOUND;
    response.writeHead(isThere ? 200 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ success: isThere, errors: isThere ? [] : [NOT_FOUND_ERROR], messages: [], result: isThere ? result : null }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { deployed, files, url: `http://127.0.0.1:${server.address().port}/client/v4`, uploads, asked, close: () => server.close() };
}

// The common parts of Twilio's answers: SIDs, dates, pages and refusals.
import { randomBytes } from "node:crypto";

export const newSid = (prefix) => prefix + randomBytes(16).toString("hex");
export const iso = (date) => `${new Date(date).toISOString().slice(0, 19)}Z`;
export const rfc2822 = (date) => new Date(date).toUTCString().replace("GMT", "+0000");

/** A refusal as Twilio words it. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
  get body() {
    return { code: this.code, message: this.message, more_info: `https://www.twilio.com/docs/errors/${this.code}`, status: this.status };
  }
}

export const notFound = (what) => new Refusal(404, 20404, `The requested resource ${what} was not found`);
export const badRequest = (message, code = 20001) => new Refusal(400, code, message);

/** Reads attributes text, which TaskRouter and Conversations accept only as a JSON object. */
export function attributesText(text) {
  const value = JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw badRequest("Invalid attributes: not a JSON object");
  return text;
}

export function parseAttributes(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

const PAGING = new Set(["PageSize", "Page", "PageToken"]);

function slice(items, params, limit) {
  const size = Math.min(Math.max(params.PageSize ?? Math.min(50, limit), 1), limit);
  const page = params.PageToken ? Number(params.PageToken.replace(/\D/g, "")) : (params.Page ?? 0);
  const part = items.slice(page * size, (page + 1) * size);
  return { size, page, part, last: (page + 1) * size >= items.length };
}

function pageQuery(request, size, page) {
  const query = new URLSearchParams([...request.query].filter(([name]) => !PAGING.has(name)));
  query.set("PageSize", size);
  query.set("Page", page);
  if (page > 0) query.set("PageToken", `PT${page}`);
  return `?${query}`;
}

/** A page of a product API: the items under `key` and `meta` with absolute links. */
export function page(request, key, items, limit = 1000) {
  const { size, page: number, part, last } = slice(items, request.params, limit);
  const url = (at) => `https://${request.host}.twilio.com${request.path}${pageQuery(request, size, at)}`;
  return {
    [key]: part,
    meta: {
      key,
      page: number,
      page_size: size,
      url: url(number),
      first_page_url: url(0),
      next_page_url: last ? null : url(number + 1),
      previous_page_url: number > 0 ? url(number - 1) : null,
    },
  };
}

/** A page of the 2010 API, whose links are relative. */
export function page2010(request, key, items) {
  const { size, page: number, part, last } = slice(items, request.params, 1000);
  const uri = (at) => request.path + pageQuery(request, size, at);
  return {
    [key]: part,
    start: number * size,
    end: number * size + Math.max(part.length - 1, 0),
    page: number,
    page_size: size,
    uri: uri(number),
    first_page_uri: uri(0),
    next_page_uri: last ? null : uri(number + 1),
    previous_page_uri: number > 0 ? uri(number - 1) : null,
  };
}

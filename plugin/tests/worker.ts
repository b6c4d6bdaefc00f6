import { expect, vi } from "vitest";

export type Asked = { path: string; method: string; form: Record<string, string>; request: RequestInit };
type Reply = (asked: Asked) => Response | Promise<Response>;

export const ORIGIN = "https://edge.example.com";
const JSON_TYPE = { "Content-Type": "application/json" };

export function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_TYPE, ...headers } });
}

export const ok = (body: object = {}): Response => json(200, { success: true, ...body });
export const refused = (status: number, body: object = {}): Response =>
  json(status, { success: false, message: "no", requestId: "req-1", ...body });

/** The Worker as the plugin sees it: answers by path, the last one for ever. What nobody has an answer for fails the test. */
export function fakeWorker() {
  const replies = new Map<string, Reply[]>();
  const asked: Asked[] = [];
  const fetch = vi.fn(async (url: string, request: RequestInit = {}): Promise<Response> => {
    const path = url.replace(ORIGIN, "");
    const form = Object.fromEntries(new URLSearchParams(request.body as URLSearchParams | undefined));
    const one = { path, method: request.method ?? "GET", form, request };
    asked.push(one);
    const waiting = replies.get(path);
    const reply = waiting && (waiting.length > 1 ? waiting.shift() : waiting[0]);
    if (!reply) throw new Error(`nobody answers ${path}`);
    return await reply(one);
  });
  vi.stubGlobal("fetch", fetch);
  return {
    asked,
    answer(path: string, ...answers: (Response | Error | Reply)[]): void {
      replies.set(
        path,
        answers.map((answer) =>
          typeof answer === "function"
            ? answer
            : () => {
                if (answer instanceof Error) throw answer;
                return answer.clone();
              },
        ),
      );
    },
    to: (path: string): Asked[] => asked.filter((one) => one.path === path),
    /** The only request to this path, as its fields without the token. */
    only(path: string): Record<string, string> {
      const found = asked.filter((one) => one.path === path);
      expect(found, `requests to ${path}`).toHaveLength(1);
      const { Token, ...fields } = found[0]!.form;
      expect(Token).toBe("token-of-alice");
      return fields;
    },
  };
}

export type FakeWorker = ReturnType<typeof fakeWorker>;
/** What a browser's fetch throws when there is no answer. */
export const lost = (): Error => new TypeError("Failed to fetch");

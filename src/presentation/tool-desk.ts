import { createHmac } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { HttpClient } from "../core/http.ts";
import { safeEqual } from "../core/secrets.ts";
import type { Binding, ToolCallEvent, VendorTool, WebhookRequest } from "./adapter.ts";

/** Milliseconds that the page, or our own tool endpoint, may take for one tool. */
const TOOL_MS = 20_000;

export const SIGNATURE_HEADER = "x-astrocyte-signature";

export type ToolOutput = { status: "success" | "error"; output: string };

type ToolDeskParts = {
  clock: Clock;
  http: HttpClient;
  endpoint: Binding["tools"];
  tools: VendorTool[];
  /** Gives a call to the page; absent where there is none. */
  relay?(call: ToolCallEvent): void;
};

/** Brings tool calls to whoever runs them: the page relays the one kind, our own endpoint is called for the other. */
export class ToolDesk {
  readonly #parts: ToolDeskParts;
  readonly #waiting = new Map<string, (output: ToolOutput) => void>();

  constructor(parts: ToolDeskParts) {
    this.#parts = parts;
  }

  /** Never rejects: what went wrong is told to the model. */
  async run(call: ToolCallEvent): Promise<ToolOutput> {
    const tool = this.#parts.tools.find(({ name }) => name === call.name);
    if (!tool) return { status: "error", output: `There is no tool ${call.name}.` };
    const { relay } = this.#parts;
    if (tool.delivery === "client" && relay) return this.#wait(call, () => relay(call));
    return this.#deliver(call).catch((error) => ({
      status: "error",
      output: `The tool could not be reached (${toAstrocyteError(error).code}).`,
    }));
  }

  /** A result that nobody waits for any more is not an error: it came late. */
  answer(toolCallId: string, output: ToolOutput): void {
    this.#waiting.get(toolCallId)?.(output);
  }

  #wait(call: ToolCallEvent, relay: () => void): Promise<ToolOutput> {
    return new Promise((resolve) => {
      const settle = (output: ToolOutput) => {
        cancel();
        this.#waiting.delete(call.toolCallId);
        resolve(output);
      };
      const late: ToolOutput = {
        status: "error",
        output: "The tool did not answer in time; it may have run.",
      };
      const cancel = this.#parts.clock.after(TOOL_MS, () => settle(late));
      this.#waiting.set(call.toolCallId, settle);
      relay();
    });
  }

  async #deliver({ toolCallId, name, arguments: args }: ToolCallEvent): Promise<ToolOutput> {
    const { http, endpoint } = this.#parts;
    const body = JSON.stringify({ tool_call_id: toolCallId, name, arguments: args });
    const answer = await http.request({
      method: "POST",
      url: endpoint.url,
      headers: { "content-type": "application/json", [SIGNATURE_HEADER]: sign(body, endpoint.secret) },
      body,
      timeoutMs: TOOL_MS,
    });
    const result = answer.json() as Partial<ToolOutput> | undefined;
    if (answer.status !== 200 || typeof result?.output !== "string")
      return { status: "error", output: `The tool answered ${answer.status}.` };
    return { status: result.status === "error" ? "error" : "success", output: result.output };
  }
}

/** The call in a request that `ToolDesk` signed. Errors: `unauthenticated`. */
export function parseToolRequest({ body, headers }: WebhookRequest, secret: string): ToolCallEvent {
  if (!safeEqual(headers[SIGNATURE_HEADER] ?? "", sign(body, secret)))
    throw new AstrocyteError("unauthenticated", "[tools] the tool call's signature is wrong.");
  const call = JSON.parse(Buffer.from(body).toString("utf8")) as Record<string, unknown>;
  const { tool_call_id, name, arguments: args } = call;
  return {
    type: "tool_call",
    toolCallId: String(tool_call_id),
    name: String(name),
    arguments: String(args),
  };
}

function sign(body: string | Uint8Array, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

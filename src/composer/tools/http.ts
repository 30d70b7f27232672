import { AstrocyteError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/http.ts";
import type { ToolDefinition } from "./definitions.ts";

export type HttpToolOptions = Omit<ToolDefinition, "run"> & {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `https://shop.example/v1/orders/{order_id}`: placeholders are filled from the arguments, encoded. */
  url: string;
  headers: Record<string, string>;
};

const SUBJECT_HEADER = "x-astrocyte-subject";
const SESSION_HEADER = "x-astrocyte-session";
const CALL_HEADER = "idempotency-key";

/**
 * A tool that is the application's own HTTP endpoint. Whom it is for goes in headers that we set from the
 * session, so that the endpoint need not trust an argument that the model wrote.
 */
export function httpTool(
  { method, url, headers, ...tool }: HttpToolOptions,
  http: HttpClient,
): ToolDefinition {
  return {
    ...tool,
    async run(args, { session, signal }) {
      const { target, rest } = fillUrl(url, args);
      const bodyless = method === "GET" || method === "DELETE";
      if (bodyless)
        for (const [name, value] of Object.entries(rest)) target.searchParams.set(name, asText(value));
      const response = await http.request({
        method,
        url: target,
        headers: {
          accept: "application/json",
          ...(!bodyless && { "content-type": "application/json" }),
          ...headers,
          [SUBJECT_HEADER]: session.subject,
          [SESSION_HEADER]: session.id,
          [CALL_HEADER]: `${session.id}:${tool.name}:${JSON.stringify(args)}`,
        },
        ...(!bodyless && { body: JSON.stringify(rest) }),
        signal,
        idempotent: method === "GET",
      });
      if (response.status >= 400) {
        throw new AstrocyteError(
          "source_failed",
          `[tools] ${tool.name} answered ${response.status}. Say that it did not work.`,
        );
      }
      return { output: response.json() ?? response.text() };
    },
  };
}

function fillUrl(
  template: string,
  args: Record<string, unknown>,
): { target: URL; rest: Record<string, unknown> } {
  const rest = { ...args };
  const filled = template.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = asText(args[name]);
    delete rest[name];
    // A part of dots alone would climb out of its path.
    if (value === "" || /^\.+$/.test(value))
      throw new AstrocyteError("invalid_input", `[tools] ${name} cannot stand in a URL.`);
    return encodeURIComponent(value);
  });
  return { target: new URL(filled), rest };
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}

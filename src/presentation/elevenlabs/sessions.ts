import { AstrocyteError } from "../../core/errors.ts";
import { sha256 } from "../../core/secrets.ts";
import type { Binding } from "../adapter.ts";
import { asRow, type Row, text } from "../read.ts";
import type { ElevenLabsApi } from "./api.ts";
import type { ElevenLabsConfig } from "./config.ts";

/**
 * How a session is known at ElevenLabs: by its own agent, or on a shared one by a tag among the dynamic
 * variables. A conversation's id is not used for it: one session may have several conversations (a page that
 * comes back, two ways in), telephone calls have theirs before we are asked, and an id that a page tells could
 * be a stranger's. The tag cannot be guessed, so that nobody puts a call of theirs into another's session.
 */
export const SESSION_VARIABLE = "astrocyte_session";

export function sessionTag({ sessionId, brain }: Pick<Binding, "sessionId" | "brain">): string {
  return `${sessionId}.${sha256(`elevenlabs ${brain.contextToken}`).slice(0, 32)}`;
}

/** Which session a conversation's record, or a webhook's data, belongs to. */
export function vendorSessionOf(config: ElevenLabsConfig, record: Row): string | undefined {
  if (config.strategy === "agent_per_session") return text(record["agent_id"]);
  const data = asRow(record["conversation_initiation_client_data"]);
  return text(asRow(data["dynamic_variables"])[SESSION_VARIABLE]);
}

const OVER = ["done", "failed"];
/** Nobody talks any more, and the record is on its way. */
const RUNNING = ["initiated", "in-progress"];

export function isOver(record: Row): boolean {
  return OVER.includes(text(record["status"]) ?? "");
}

export function isRunning({ status }: Row): boolean {
  return RUNNING.includes(text(status) ?? "");
}

export type Finder = { api: ElevenLabsApi; config: ElevenLabsConfig };

/** The records of a session's conversations, oldest first. */
export async function recordsOf({ api, config }: Finder, vendorSessionId: string): Promise<Row[]> {
  const shared = config.strategy === "shared_agent";
  const found = await api.conversations.list(
    shared ? { variable: [SESSION_VARIABLE, vendorSessionId] } : { agentId: vendorSessionId },
  );
  const records = await Promise.all(found.map(({ id }) => recordOf(api, id)));
  return records
    .filter((record) => record !== undefined)
    .filter((record) => vendorSessionOf(config, record) === vendorSessionId)
    .toSorted((a, b) => startOf(a) - startOf(b));
}

async function recordOf(api: ElevenLabsApi, id: string): Promise<Row | undefined> {
  try {
    return await api.conversations.get(id);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return undefined;
    throw error;
  }
}

/** Unix seconds. */
function startOf(record: Row): number {
  const start = asRow(record["metadata"])["start_time_unix_secs"];
  return typeof start === "number" ? start : 0;
}

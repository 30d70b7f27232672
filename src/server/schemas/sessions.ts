import { z } from "zod";
import { record, time } from "./common.ts";

const consent = z.enum(["none", "transcript", "memory"]);
const state = z.enum(["preparing", "open", "live", "ending", "ended", "failed"]);

export const composeBody = z.strictObject({
  persona: z.string().min(1).max(64),
  /** `user:<id>`. */
  subject: z.string().min(1).max(160),
  vendor: z.string().min(1).max(64),
});

export const createBody = composeBody.extend({
  /** `none` keeps nothing, `transcript` keeps the call, `memory` also learns from it. */
  consent,
  metadata: record
    .refine((value) => JSON.stringify(value).length <= 16_384, "is larger than 16 KiB")
    .optional(),
});

const join = z.object({
  kind: z.string(),
  url: z.string(),
  token: z.string().optional(),
  expires_at: time.optional(),
  /** What this kind of room needs besides. */
  data: record.optional(),
});

export const createAnswer = z.object({
  session_id: z.string(),
  state,
  vendor: z.string(),
  join,
  session_token: z.string(),
});

export const sessionParams = z.strictObject({ session_id: z.string().min(1).max(64) });

export const session = z.object({
  session_id: z.string(),
  state,
  vendor: z.string(),
  persona: z.string(),
  subject: z.string(),
  consent,
  metadata: record,
  created_at: time,
  opened_at: time.nullable(),
  live_at: time.nullable(),
  ended_at: time.nullable(),
  end_reason: z.string().nullable(),
  max_duration_ms: z.int(),
  /** True when the transcript is complete and memory has it. */
  settled: z.boolean(),
  usage: z.record(z.string(), z.number()),
  /** While the session runs. */
  join: join.optional(),
});

export const listQuery = z.strictObject({
  state: state.optional(),
  subject: z.string().optional(),
  vendor: z.string().optional(),
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const listAnswer = z.object({ sessions: z.array(session), next: z.string().nullable() });

export const transcriptAnswer = z.object({
  session_id: z.string(),
  settled: z.boolean(),
  turns: z.array(
    z.object({
      key: z.string(),
      role: z.enum(["user", "agent", "system", "tool"]),
      text: z.string(),
      heard: z.string().nullable(),
      interrupted: z.boolean(),
      at: time,
      channel: z.string(),
    }),
  ),
});

const line = z.object({
  block: z.string(),
  text: z.string(),
  source: z.object({ source: z.string(), field: z.string(), age_ms: z.number() }).optional(),
  memory: z
    .object({
      memory_id: z.string(),
      bank_id: z.string().optional(),
      session_id: z.string().nullable(),
      occurred_at: time,
      score: z.number(),
    })
    .optional(),
  sensitivity: z.enum(["open", "never_spoken", "private"]),
});

/** `text` and what is private go to the application alone. */
export const briefingAnswer = z.object({
  text: z.string().optional(),
  tokens: z.int().optional(),
  characters: z.int().optional(),
  greeting: z.string().nullable(),
  lines: z.array(line),
  overridden: z.array(
    z.object({
      memory_id: z.string().nullable(),
      field: z.object({ source: z.string(), field: z.string() }).nullable(),
      text: z.string(),
      by: z.object({ source: z.string(), field: z.string() }),
      reason: z.string(),
    }),
  ),
  left_out: z.array(line.extend({ reason: z.enum(["budget", "injection", "superseded"]) })),
  failed: z.array(z.object({ name: z.string(), code: z.string() })),
  composed_at: time,
});

export const endBody = z.strictObject({
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, "is a short code such as user_hung_up")
    .default("requested"),
});

export const toolBody = z.strictObject({
  tool_call_id: z.string().min(1).max(256),
  name: z.string().min(1).max(64),
  arguments: z.union([z.string(), record]).default({}),
});
export const toolAnswer = z.object({
  tool_call_id: z.string(),
  status: z.enum(["success", "error"]),
  output: z.string(),
  /** `speak`: the answer leads to an utterance. */
  result: z.enum(["speak", "silent"]),
  /** The result as the vendor's data channel takes it, for the page to send; absent where no page has to. */
  message: record.optional(),
});

export const textBody = z.strictObject({ text: z.string().trim().min(1).max(4_000) });
/** `client`: the page gets the message by a `client_instruction` event and sends it on the vendor's channel. */
export const commandAnswer = z.object({ via: z.enum(["server", "client"]) });

/** `message` is for the page that asked, to send on the vendor's channel itself; an application's goes by an event. */
export const personCommandAnswer = commandAnswer.extend({ message: record.optional() });

export const clientEventsBody = z.strictObject({ events: z.array(record).min(1).max(100) });
export const acceptedAnswer = z.object({ accepted: z.int() });

export const personasAnswer = z.object({
  personas: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      language: z.string(),
      tools: z.array(z.string()),
      max_duration_ms: z.int(),
    }),
  ),
  vendors: z.array(z.string()),
});

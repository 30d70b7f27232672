import { asRow, text } from "../read.ts";

/** What Twilio tells us over the socket (contract §E.2), as far as we use it. */
export type FromTwilio =
  | { type: "setup"; callSid: string }
  | { type: "prompt"; words: string; last: boolean }
  /** `heard`: what was spoken of our words until then. */
  | { type: "interrupt"; heard?: string }
  | { type: "dtmf"; digit: string }
  | { type: "info"; name: string; value: string }
  | { type: "error" }
  | { type: "other" };

/** What we tell Twilio. Tokens go as the model writes them: Twilio cuts the sentences. */
export type ToTwilio = { type: "text"; token: string; last: boolean } | { type: "end"; handoffData?: string };

/** `undefined` for what is no message at all. */
export function readMessage(data: Buffer): FromTwilio | undefined {
  let row: Record<string, unknown>;
  try {
    row = asRow(JSON.parse(data.toString("utf8")));
  } catch {
    return undefined;
  }
  switch (row["type"]) {
    case "setup":
      return { type: "setup", callSid: text(row["callSid"]) ?? "" };
    case "prompt":
      return { type: "prompt", words: text(row["voicePrompt"])?.trim() ?? "", last: row["last"] !== false };
    case "interrupt": {
      const heard = row["utteranceUntilInterrupt"];
      return { type: "interrupt", ...(typeof heard === "string" && { heard }) };
    }
    case "dtmf":
      return { type: "dtmf", digit: text(row["digit"]) ?? "" };
    case "info":
      return { type: "info", name: text(row["name"]) ?? "", value: text(row["value"]) ?? "" };
    case "error":
      return { type: "error" };
    default:
      return typeof row["type"] === "string" ? { type: "other" } : undefined;
  }
}

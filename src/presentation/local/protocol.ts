/**
 * What goes over the WebSocket of our own room, one JSON object a message, both ways.
 * Types only: the room, the page's module and the tests share them. Fields are snake_case, as all of our JSON.
 */

/**
 * From the page to the room, whose address is the credential. `join` comes first; `after` is the last `seq` that
 * the page has, for a page that comes back.
 */
export type RoomCommand =
  | { type: "join"; after?: number }
  /** What the person typed, or a recogniser in the page heard. `id` makes a repeat harmless. */
  | { type: "utterance"; id: string; text: string }
  /** The person began to speak or pressed stop: the agent falls silent. */
  | { type: "interrupt" }
  /** The agent says this word for word. */
  | { type: "say"; text: string }
  /** Joins what the agent knows, silently. */
  | { type: "append_context"; text: string }
  | RoomToolResult
  | { type: "leave" };

export type RoomToolResult = {
  type: "tool_result";
  tool_call_id: string;
  status: "success" | "error";
  output: string;
};

/** From the room to the page. `seq` grows by one with each message of a session; `at` is UTC ISO 8601. */
export type RoomEvent = { seq: number; at: string } & RoomEventBody;

export type RoomEventBody =
  | { type: "joined"; who: "agent" | "person" }
  | { type: "left"; who: "agent" | "person" }
  /** An utterance in progress: `text` is all of it so far, not the last piece. */
  | { type: "utterance.delta"; id: string; role: "user" | "agent"; text: string }
  /** The finished utterance, once; `heard` is what was really heard when `interrupted`. */
  | RoomUtterance
  /** One stretch of speech: base64 audio and, for the mouth, when each word starts, in milliseconds. */
  | {
      type: "audio";
      id: string;
      mime_type: string;
      data: string;
      words: Array<{ text: string; start_ms: number }>;
    }
  | { type: "tool_call"; tool_call_id: string; name: string; arguments: string }
  | { type: "ended"; reason: string }
  | { type: "error"; code: string; message: string };

export type RoomUtterance = {
  type: "utterance";
  id: string;
  role: "user" | "agent";
  text: string;
  heard?: string;
  interrupted?: boolean;
};

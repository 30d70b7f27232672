import { AstrocyteError } from "../../core/errors.ts";
import { createHttpClient } from "../../core/http.ts";
import { newId } from "../../core/ids.ts";
import type {
  AdapterDeps,
  Capabilities,
  OpenedSession,
  PresentationAdapter,
  SessionCommand,
  SessionHandle,
} from "../adapter.ts";
import { parseToolRequest } from "../tool-desk.ts";
import { converse } from "./connection.ts";
import { Room } from "./room.ts";

/** The adapter, and the rooms that this process hosts. */
export type LocalAdapter = PresentationAdapter & {
  /** Ids of the sessions that have a room here. */
  sessions(): string[];
  close(): Promise<void>;
};

const CAPABILITIES: Capabilities = {
  family: "conversational",
  briefing: { kind: "inline" },
  customLlm: "openai-base-url",
  tools: "both",
  say: "server",
  respond: "server",
  interrupt: "server",
  appendContext: "server",
  transcript: ["own"],
  webhooks: "none",
  stop: "server",
  speaksMarkup: false,
};

/**
 * A vendor in our own process, for development and tests: rooms are WebSockets of the gateway, the reply comes
 * from the shared brain over HTTP as for any vendor. No key, no account, no price. A restart closes the rooms.
 */
export function createLocalAdapter({ clock, logger, sink }: AdapterDeps): LocalAdapter {
  const rooms = new Map<string, Room>();
  const http = createHttpClient({
    area: "local",
    clock,
    codes: { unreachable: "llm_unavailable", timeout: "llm_timeout" },
  });

  return {
    vendor: "local",
    capabilities: CAPABILITIES,

    validate: ({ vendor }) =>
      Object.keys(vendor).map((setting) => `vendors.local.${setting} is no setting of the local adapter`),

    async open(briefing, persona, binding): Promise<OpenedSession> {
      const id = newId("room", clock);
      const onClosed = () => rooms.delete(id);
      rooms.set(id, new Room({ id, briefing, persona, binding, http, clock, logger, sink, onClosed }));
      const expiresAt = clock.now() + binding.limits.maxDurationMs;
      return {
        vendorSessionId: id,
        join: { kind: "local", url: binding.socketUrl, expiresAt },
        resources: [],
      };
    },

    async end({ vendorSessionId }, reason) {
      await rooms.get(vendorSessionId)?.close(reason);
    },

    async release() {},

    isOpen: async ({ vendorSessionId }) => rooms.has(vendorSessionId),

    listOpen: async () =>
      [...rooms.values()].map(({ id, marker, createdAt }) => ({ vendorSessionId: id, marker, createdAt })),

    async command(session, command) {
      await obey(requireRoom(rooms, session), command);
    },

    parseToolRequest,

    connect: (socket, { session }) => converse(socket, rooms.get(session.vendorSessionId), clock),

    sessions: () => [...rooms.values()].map(({ sessionId }) => sessionId),

    async close() {
      await Promise.all([...rooms.values()].map((room) => room.close("shutdown")));
      await http.close();
    },
  };
}

function requireRoom(rooms: Map<string, Room>, { sessionId, vendorSessionId }: SessionHandle): Room {
  const room = rooms.get(vendorSessionId);
  if (room) return room;
  throw new AstrocyteError(
    "vendor_not_found",
    `[local] session ${sessionId} has no room any more: it ended, or the gateway was restarted. Open a new one.`,
  );
}

async function obey(room: Room, command: SessionCommand): Promise<void> {
  switch (command.kind) {
    case "say":
      return room.obey({ type: "say", text: command.text });
    case "append_context":
      return room.obey({ type: "append_context", text: command.text });
    case "interrupt":
      return room.obey({ type: "interrupt" });
    case "respond":
      return room.respond(command.text);
  }
}

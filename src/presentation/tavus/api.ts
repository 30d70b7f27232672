import { asRow, asRows, type Row } from "../read.ts";
import { segment } from "../vendor-http.ts";
import { namesOf, type Vocabulary } from "./names.ts";
import {
  type Conversation,
  type Face,
  type JsonPatch,
  type MemoryStore,
  type NewTool,
  type Page,
  type Pal,
  readConversation,
  readFace,
  readMemoryStore,
  readPal,
  readTool,
  type Tool,
} from "./read.ts";
import { createTransport, type TransportOptions } from "./transport.ts";

/** Address, key, timeouts and the vocabulary that is sent. */
export type TavusApiOptions = TransportOptions & { vocabulary: Vocabulary };

/** See `createTavusApi`. */
export type TavusApi = ReturnType<typeof createTavusApi>;

/**
 * The part of Tavus's REST API that live conversations need (contract §2 to §9), about half a second a call.
 * Ids go into paths encoded. Creates are sent once: none of them is idempotent.
 * Errors: the `vendor_*` codes.
 */
export function createTavusApi(options: TavusApiOptions) {
  const transport = createTransport(options);
  const names = namesOf(options.vocabulary);
  const { call } = transport;
  return {
    names,
    close: transport.close,
    conversations: conversations(transport),
    pals: pals(transport, names),
    tools: tools(transport),
    memory: memory(transport),

    /** Faces of the account, or Tavus's stock (§4). */
    async faces(
      query: { type?: "system" | "user"; limit?: number; page?: number } = {},
    ): Promise<Page<Face>> {
      const { type, ...paging } = query;
      const what = "listing faces";
      const found = await transport.page(names.faces, { what, query: { ...paging, [names.faceType]: type } });
      return { ...found, items: found.items.map(readFace) };
    },
    async face(id: string): Promise<Face> {
      return readFace(
        asRow(await call("GET", `${names.faces}/${segment("tavus", id)}`, { what: "reading a face" })),
      );
    },
  };
}

type Transport = ReturnType<typeof createTransport>;

/** §2. Billing and the concurrency slot begin with `create`. */
function conversations({ call, page, rows }: Transport) {
  const path = (id: string, rest = "") => `/v2/conversations/${segment("tavus", id)}${rest}`;
  return {
    async create(body: Row, timeoutMs?: number): Promise<Conversation> {
      const request = { what: "creating a conversation", body, ...(timeoutMs && { timeoutMs }) };
      return readConversation(asRow(await call("POST", "/v2/conversations", request)));
    },
    async get(id: string, { verbose = false } = {}): Promise<Conversation> {
      const query = { verbose: verbose || undefined };
      return readConversation(asRow(await call("GET", path(id), { what: "reading a conversation", query })));
    },
    async list(
      query: { status?: "active" | "ended"; limit?: number; page?: number } = {},
    ): Promise<Page<Conversation>> {
      const found = await page("/v2/conversations", { what: "listing conversations", query });
      return { ...found, items: found.items.map(readConversation) };
    },
    async *all(status: "active" | "ended"): AsyncGenerator<Conversation> {
      const request = { what: "listing conversations", query: { status } };
      for await (const row of rows("/v2/conversations", request)) yield readConversation(row);
    },
    async end(id: string): Promise<void> {
      await call("POST", path(id, "/end"), { what: "ending a conversation" });
    },
    /** Removes the conversation and its recordings for good: for erasure, not for cleaning up. */
    async removeHard(id: string): Promise<void> {
      await call("DELETE", path(id), { what: "deleting a conversation", query: { hard: true } });
    },
  };
}

/** §3. */
function pals({ call, page, rows }: Transport, names: ReturnType<typeof namesOf>) {
  const path = (id: string, rest = "") => `${names.pals}/${segment("tavus", id)}${rest}`;
  return {
    async create(body: Row): Promise<Pal> {
      return readPal(asRow(await call("POST", names.pals, { what: "creating a PAL", body })));
    },
    async get(id: string): Promise<Pal> {
      return readPal(asRow(await call("GET", path(id), { what: "reading a PAL" })));
    },
    /** The account's own PALs of that name. Stored names lose punctuation, so only letters and digits count. */
    async named(name: string): Promise<Pal[]> {
      const found: Pal[] = [];
      const request = { what: "listing PALs", query: { [names.palType]: "user" } };
      for await (const row of rows(names.pals, request)) {
        const pal = readPal(row);
        if (bare(pal.name) === bare(name)) found.push(pal);
      }
      return found;
    },
    /** Changes every running conversation of the PAL. `conflict` while the web editor holds a draft. */
    async patch(id: string, body: JsonPatch): Promise<void> {
      await call("PATCH", path(id), { what: "changing a PAL", body });
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", path(id), { what: "deleting a PAL" });
    },
    /** Idempotent; a PAL takes 50. */
    async attachTools(id: string, toolIds: string[]): Promise<void> {
      await call("POST", path(id, "/tools"), { what: "attaching tools", body: { tool_ids: toolIds } });
    },
    async tools(id: string): Promise<Tool[]> {
      return (await page(path(id, "/tools"), { what: "listing a PAL's tools" })).items.map(readTool);
    },
  };
}

/** §9.1. Names are unique in the account: `create` of a taken one is a `vendor_conflict`. */
function tools({ call, rows }: Transport) {
  return {
    async create(body: NewTool): Promise<Tool> {
      return readTool(asRow(await call("POST", "/v2/tools", { what: "creating a tool", body })));
    },
    async find(name: string): Promise<Tool | undefined> {
      const request = { what: "finding a tool", query: { type: "user", name_or_uuid: name } };
      for await (const row of rows("/v2/tools", request)) if (row["name"] === name) return readTool(row);
      return undefined;
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", `/v2/tools/${segment("tavus", id)}`, { what: "deleting a tool" });
    },
  };
}

/** §8: what Tavus itself remembers, for whoever turned `vendor_memory` on and must look or erase. */
function memory({ call }: Transport) {
  const path = (id: string, rest = "") => `/v2/memory-stores/${segment("tavus", id)}${rest}`;
  return {
    async create(palId: string, participantTag: string): Promise<string> {
      const body = { pal_id: palId, participant_tag: participantTag };
      return readMemoryStore(
        asRow(await call("POST", "/v2/memory-stores", { what: "creating a memory store", body })),
      ).id;
    },
    async find(palId: string, participantTag: string): Promise<string[]> {
      const query = { pal_id: palId, participant_tag: participantTag };
      const answer = asRow(await call("GET", "/v2/memory-stores", { what: "finding a memory store", query }));
      return asRows(answer["data"]).map((row) => readMemoryStore(row).id);
    },
    async get(id: string): Promise<MemoryStore> {
      return readMemoryStore(asRow(await call("GET", path(id), { what: "reading a memory store" })));
    },
    /** At most 500 characters, at most 30 in a store. */
    async pin(id: string, text: string): Promise<void> {
      await call("POST", path(id, "/pinned"), { what: "pinning a memory", body: { memory: text } });
    },
    async unpin(id: string, memoryId: string): Promise<void> {
      await call("DELETE", path(id, `/pinned/${segment("tavus", memoryId)}`), { what: "unpinning a memory" });
    },
    /** Of the older, tag-based memory: the two share nothing. */
    async removeTagged(tag: string, memoryId: string): Promise<void> {
      await call("DELETE", `/v2/memories/${segment("tavus", tag)}/${segment("tavus", memoryId)}`, {
        what: "deleting a memory",
      });
    },
  };
}

/** Letters and digits alone: what of a name survives at Tavus. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

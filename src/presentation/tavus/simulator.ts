import { type Clock, systemClock } from "../../core/clock.ts";
import { untilIdle } from "../simulator-server.ts";
import { endConversation } from "./simulator-conversation.ts";
import { listen } from "./simulator-http.ts";
import { joinRoom, type TavusPerson } from "./simulator-person.ts";
import { newWorld, type Row, type SimConversation, type TavusTiming, type World } from "./simulator-world.ts";

export type { TavusFaults } from "./simulator-faults.ts";
export type { TavusPerson } from "./simulator-person.ts";

/** `apiKey` is the only one that the simulator accepts. */
export type TavusSimulatorOptions = { apiKey?: string; clock?: Clock; timing?: Partial<TavusTiming> };

/** What is left at the vendor: all zero when nothing leaked. */
export type TavusLeft = { conversations: number; pals: number; tools: number };

/** Tavus in a box: what the adapter sees, what a test may do and look at. */
export type TavusSimulator = Pick<
  World,
  | "url"
  | "apiKey"
  | "faults"
  | "timing"
  | "requests"
  | "webhooks"
  | "llmRequests"
  | "toolDeliveries"
  | "appMessages"
> & {
  conversation(id: string): SimConversation;
  /** Open conversations, PALs and tools. */
  left(): TavusLeft;
  /** Tools that Tavus itself calls: made for one session. */
  ownTools(): number;
  /** Ends a conversation from the vendor's side, with one of Tavus's reasons. */
  end(conversationId: string, reason: string): void;
  room(conversationId: string): { join(options?: { token?: string | undefined }): Promise<TavusPerson> };
  /** Resolves when no webhook, model request or tool call is under way. Timers of the clock do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Tavus on a loopback port (contract §13): API, rooms, a scripted avatar that calls the custom model over
 * HTTP, webhooks, and each known fault as a switch. For tests and for `astrocyte` without a key.
 */
export async function createTavusSimulator(options: TavusSimulatorOptions = {}): Promise<TavusSimulator> {
  const world = newWorld(
    options.clock ?? systemClock,
    options.apiKey ?? "tavus-simulator-key",
    options.timing ?? {},
  );
  const server = await listen(world);
  const conversation = (id: string) => {
    const found = world.conversations.get(id);
    if (!found) throw new Error(`[tavus simulator] there is no conversation ${id}`);
    return found;
  };
  return {
    ...world,
    conversation,
    left: () => ({
      conversations: [...world.conversations.values()].filter(({ status }) => status === "active").length,
      pals: world.pals.size,
      tools: world.tools.size,
    }),
    ownTools: () =>
      [...world.tools.values()].filter((tool) => (tool["delivery"] as Row)["api"] !== undefined).length,
    end: (id, reason) => endConversation(world, conversation(id), reason),
    room: (id) => ({ join: ({ token } = {}) => joinRoom(`${world.url}/${conversation(id).id}`, token) }),
    idle: () => untilIdle(world),
    async close() {
      for (const { cancelTimers } of world.conversations.values())
        for (const cancel of cancelTimers) cancel();
      await server.close();
    },
  };
}

import { AstrocyteError } from "../../core/errors.ts";
import type { AdapterDeps, Binding, OpenedSession, VendorBriefing, VendorPersona } from "../adapter.ts";
import { allMade, type Ledger, openWithLedger } from "../resources.ts";
import { assertFits } from "../vendor-config.ts";
import type { TavusApi } from "./api.ts";
import { type BodyInput, conversationBody, palBody } from "./bodies.ts";
import { type TavusConfig, tavusPersona, validatePersona } from "./config.ts";
import type { Conversation } from "./read.ts";
import { releaseResources } from "./release.ts";
import type { ToolRegistry } from "./tools.ts";

export type Opener = AdapterDeps & { config: TavusConfig; api: TavusApi; registry: ToolRegistry };

/** PAL, tools, conversation. Billing starts with the last call, which is sent once. */
export async function openConversation(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api, logger } = opener;
  assertFits("tavus", validatePersona(config, persona));
  const block = tavusPersona.parse(persona.vendor);
  const input = { config, names: api.names, block, persona, briefing, binding };
  return openWithLedger(
    { vendor: "tavus", binding, logger },
    (resources) => releaseResources(api, resources),
    async (ledger) => {
      const body = conversationBody(input, await preparePal(opener, input, ledger));
      // When no answer comes the conversation may run all the same: it is found by its name, never made again.
      const conversation = await ledger.make("conversation", binding.marker, () =>
        api.conversations.create(body, config.create_timeout_ms),
      );
      return { vendorSessionId: conversation.id, join: joinOf(opener, conversation, binding) };
    },
  );
}

/** The id of the PAL to use, with its tools attached. PAL and tools do not need each other: side by side. */
async function preparePal(opener: Opener, input: BodyInput, ledger: Ledger): Promise<string> {
  const { persona, block, binding } = input;
  const [pal, tools] = await allMade([
    palId(opener, input, ledger),
    opener.registry.prepare(persona, block, binding, ledger),
  ]);
  await attach(opener, input, pal, tools, ledger);
  return pal;
}

async function palId({ config, api }: Opener, input: BodyInput, ledger: Ledger): Promise<string> {
  if (config.strategy === "shared_pal") return (input.block.pal_id ?? config.pal_id)!;
  return (await ledger.make("pal", input.binding.marker, () => api.pals.create(palBody(input)))).id;
}

/** A shared tool that somebody deleted at Tavus is made anew, once. */
async function attach(
  { api, registry }: Opener,
  input: BodyInput,
  pal: string,
  tools: string[],
  ledger: Ledger,
): Promise<void> {
  if (tools.length === 0) return;
  try {
    await api.pals.attachTools(pal, tools);
  } catch (error) {
    const { persona, block, binding } = input;
    const shared = persona.tools.filter((tool) => tool.delivery === "client");
    const stale = AstrocyteError.is(error, "vendor_not_found") || AstrocyteError.is(error, "vendor_invalid");
    if (!stale || shared.length === 0) throw error;
    registry.reset();
    const own = tools.filter((_id, i) => persona.tools[i]?.delivery === "server");
    const renewed = await registry.prepare({ ...persona, tools: shared }, block, binding, ledger);
    await api.pals.attachTools(pal, [...own, ...renewed]);
  }
}

function joinOf(
  { config, clock }: Opener,
  conversation: Conversation,
  binding: Binding,
): OpenedSession["join"] {
  const { url, meetingToken: token } = conversation;
  if (!config.private_room || config.test_mode) return { kind: "daily", url };
  if (token === undefined) {
    throw new AstrocyteError(
      "vendor_failed",
      "[tavus] the private room came without a token, so nobody could join. Set private_room: false to go on.",
      { retryable: false },
    );
  }
  // The token lives as long as the room waits for somebody (§2.1).
  return { kind: "daily", url, token, expiresAt: clock.now() + binding.limits.absentTimeoutMs };
}

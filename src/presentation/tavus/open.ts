import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Binding,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
  VendorResource,
} from "../adapter.ts";
import type { TavusApi } from "./api.ts";
import { type BodyInput, conversationBody, palBody } from "./bodies.ts";
import { type TavusConfig, type TavusPersona, tavusPersona } from "./config.ts";
import { endConversation, releaseResources } from "./release.ts";
import type { ToolRegistry } from "./tools.ts";
import type { Conversation } from "./types.ts";
import { validatePersona } from "./validate.ts";

export type Opener = AdapterDeps & { config: TavusConfig; api: TavusApi; registry: ToolRegistry };

type Recorder = (resource: VendorResource) => Promise<void>;

/**
 * PAL, tools, conversation. What is created is recorded before the next step; what fails is taken back, and
 * what cannot be taken back is in the record. Billing starts with the last call, which is sent once.
 */
export async function openConversation(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api } = opener;
  const block = requireBlock(config, persona);
  const resources: VendorResource[] = [];
  const record = async (resource: VendorResource) => {
    resources.push(resource);
    await binding.onResource(resource);
  };
  try {
    const input = { config, names: api.names, block, persona, briefing, binding };
    const body = conversationBody(input, await preparePal(opener, input, record));
    const conversation = await create(opener, body, binding.marker);
    await record({ kind: "conversation", id: conversation.id });
    return { vendorSessionId: conversation.id, join: joinOf(opener, conversation, binding), resources };
  } catch (error) {
    await takeBack(opener, resources, binding.sessionId);
    throw error;
  }
}

/** `validate` says the same earlier; this stands between a bad persona and a bill when it was not asked. */
function requireBlock(config: TavusConfig, persona: VendorPersona): TavusPersona {
  const problems = validatePersona(config, persona);
  if (problems.length === 0) return tavusPersona.parse(persona.vendor);
  throw new AstrocyteError("invalid_input", `[tavus] the persona does not fit: ${problems.join("; ")}.`, {
    details: { problems },
  });
}

/** The id of the PAL to use, with its tools attached. PAL and tools do not need each other: side by side. */
async function preparePal(opener: Opener, input: BodyInput, record: Recorder): Promise<string> {
  const { registry } = opener;
  const { persona, block, binding } = input;
  const [pal, tools] = await Promise.allSettled([
    palId(opener, input, record),
    registry.prepare(persona, block, binding, record),
  ]);
  if (pal.status === "rejected") throw pal.reason;
  if (tools.status === "rejected") throw tools.reason;
  await attach(opener, input, pal.value, tools.value);
  return pal.value;
}

async function palId({ config, api }: Opener, input: BodyInput, record: Recorder): Promise<string> {
  if (config.strategy === "shared_pal") return (input.block.pal_id ?? config.pal_id)!;
  // The name first: a crash before the id is known must not leave the PAL behind.
  await record({ kind: "pal_name", id: input.binding.marker });
  const { id } = await api.pals.create(palBody(input));
  await record({ kind: "pal", id });
  return id;
}

/** A shared tool that somebody deleted at Tavus is made anew, once. */
async function attach(
  { api, registry }: Opener,
  input: BodyInput,
  pal: string,
  tools: string[],
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
    const renewed = await registry.prepare({ ...persona, tools: shared }, block, binding, async () => {});
    await api.pals.attachTools(pal, [...own, ...renewed]);
  }
}

/** When no answer came the conversation may run all the same: it is looked for and ended, never tried again. */
async function create(
  { api, config, logger }: Opener,
  body: Record<string, unknown>,
  marker: string,
): Promise<Conversation> {
  try {
    return await api.conversations.create(body, config.create_timeout_ms);
  } catch (error) {
    const { code } = toAstrocyteError(error);
    if (code === "vendor_timeout" || code === "vendor_failed") {
      await endMarked(api, marker).catch((cause) =>
        logger.warn(
          { vendor: "tavus", code: toAstrocyteError(cause).code },
          "a lost conversation is left to the sweep",
        ),
      );
    }
    throw error;
  }
}

async function endMarked(api: TavusApi, marker: string): Promise<void> {
  for await (const { id, name } of api.conversations.all("active")) {
    if (name === marker) await endConversation(api, id);
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

async function takeBack(
  { api, logger }: Opener,
  resources: VendorResource[],
  sessionId: string,
): Promise<void> {
  await releaseResources(api, resources).catch((error) =>
    logger.warn(
      { sessionId, code: toAstrocyteError(error).code },
      "what a failed open left at tavus is left to the sweep",
    ),
  );
}

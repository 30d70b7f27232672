import { toAstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Binding,
  JoinInfo,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
  VendorResource,
} from "../adapter.ts";
import { readTime } from "../read.ts";
import type { LiveAvatarApi } from "./api.ts";
import {
  type BodyInput,
  contextBody,
  llmConfigurationBody,
  type Prepared,
  secretBody,
  tokenBody,
} from "./bodies.ts";
import type { LiveAvatarConfig } from "./config.ts";
import { TOPICS } from "./events.ts";
import { collection, type KINDS, releaseResources } from "./release.ts";
import { requireBlock } from "./validate.ts";

export type Opener = AdapterDeps & { config: LiveAvatarConfig; api: LiveAvatarApi };

type Recorder = (resource: VendorResource) => Promise<void>;

/**
 * Context beside secret and LLM configuration, then token, then start. What is created is recorded before the
 * next step; what fails is taken back, and what cannot be taken back is in the record. Billing starts with the
 * last call; token and start are sent once.
 */
export async function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api } = opener;
  const block = requireBlock(config, persona);
  const input = { config, block, persona, briefing, binding };
  const resources: VendorResource[] = [];
  const record = async (resource: VendorResource) => {
    resources.push(resource);
    await binding.onResource(resource);
  };
  try {
    const prepared = await prepare(opener, input, record);
    const { sessionId, sessionToken } = await api.sessions.token(tokenBody(input, prepared));
    await record({ kind: "session", id: sessionId });
    const join = await joinOf(opener, sessionToken);
    return { vendorSessionId: sessionId, join, resources };
  } catch (error) {
    await takeBack(opener, resources, binding.sessionId);
    throw error;
  }
}

/** Context and model do not need each other: side by side, and both are waited for. */
async function prepare(opener: Opener, input: BodyInput, record: Recorder): Promise<Prepared> {
  const { strategy, custom_llm } = input.config;
  const [context, model] = await Promise.allSettled([
    strategy === "context_per_session"
      ? make(opener, input, record, "context", contextBody(input))
      : undefined,
    custom_llm ? makeModel(opener, input, record) : undefined,
  ]);
  if (context.status === "rejected") throw context.reason;
  if (model.status === "rejected") throw model.reason;
  return {
    ...(context.value !== undefined && { contextId: context.value }),
    ...(model.value !== undefined && { llmConfigurationId: model.value }),
  };
}

async function makeModel(opener: Opener, input: BodyInput, record: Recorder): Promise<string> {
  const secret = await make(opener, input, record, "secret", secretBody(input));
  return make(opener, input, record, "llm_configuration", llmConfigurationBody(input, secret));
}

/** The name first: a crash before the id is known must not leave the thing behind. */
async function make(
  { api }: Opener,
  { binding }: BodyInput,
  record: Recorder,
  kind: (typeof KINDS)[number],
  body: Record<string, unknown>,
): Promise<string> {
  await record({ kind: `${kind}_name`, id: binding.marker });
  const id = await collection(api, kind).create(body);
  await record({ kind, id });
  return id;
}

/** The page gets into LiveKit's room, or starts the session itself with LiveAvatar's web SDK. */
async function joinOf({ config, api }: Opener, sessionToken: string): Promise<JoinInfo> {
  if (config.start === "page") {
    return { kind: "liveavatar", url: config.base_url, token: sessionToken, ...expiry(sessionToken) };
  }
  const { url, token } = await api.sessions.start(sessionToken, config.start_timeout_ms);
  return { kind: "livekit", url, token, ...expiry(token), data: { topics: TOPICS } };
}

/** Both tokens are JWTs; one that is not is good for as long as the vendor thinks. */
function expiry(token: string): { expiresAt?: number } {
  try {
    const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const expiresAt = readTime(payload.exp);
    return expiresAt === undefined ? {} : { expiresAt };
  } catch {
    return {};
  }
}

async function takeBack(
  { api, logger }: Opener,
  resources: VendorResource[],
  sessionId: string,
): Promise<void> {
  await releaseResources(api, resources).catch((error) =>
    logger.warn(
      { sessionId, code: toAstrocyteError(error).code },
      "what a failed open left at liveavatar is left to the sweep",
    ),
  );
}

import type {
  AdapterDeps,
  Binding,
  JoinInfo,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
} from "../adapter.ts";
import { readTime } from "../read.ts";
import { allMade, type Ledger, openWithLedger } from "../resources.ts";
import { assertFits } from "../vendor-config.ts";
import type { LiveAvatarApi } from "./api.ts";
import {
  type BodyInput,
  contextBody,
  llmConfigurationBody,
  type Prepared,
  secretBody,
  tokenBody,
} from "./bodies.ts";
import { type LiveAvatarConfig, liveavatarPersona } from "./config.ts";
import { TOPICS } from "./events.ts";
import { releaseResources } from "./release.ts";
import { validatePersona } from "./validate.ts";

export type Opener = AdapterDeps & { config: LiveAvatarConfig; api: LiveAvatarApi };

/**
 * Context beside secret and LLM configuration, then token, then start. What is created is recorded before the
 * next step. Billing starts with the last call; token and start are sent once.
 */
export function openSession(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, api, logger } = opener;
  const release = (resources: OpenedSession["resources"]) => releaseResources(api, resources);
  return openWithLedger({ vendor: "liveavatar", binding, logger }, release, async (ledger) => {
    assertFits("liveavatar", validatePersona(config, persona));
    const block = liveavatarPersona.parse(persona.vendor);
    const input = { config, block, persona, briefing, binding };
    const token = tokenBody(input, await prepare(opener, input, ledger));
    const { sessionId, sessionToken } = await api.sessions.token(token);
    await ledger.record("session", sessionId);
    return { vendorSessionId: sessionId, join: await joinOf(opener, sessionToken) };
  });
}

/** Context and model do not need each other: side by side. */
async function prepare({ api, config }: Opener, input: BodyInput, ledger: Ledger): Promise<Prepared> {
  const { marker } = input.binding;
  const [contextId, llmConfigurationId] = await allMade([
    config.strategy === "context_per_session"
      ? ledger.make("context", marker, () => api.contexts.create(contextBody(input)))
      : Promise.resolve(undefined),
    config.custom_llm ? makeModel(api, input, ledger) : Promise.resolve(undefined),
  ]);
  return {
    ...(contextId !== undefined && { contextId }),
    ...(llmConfigurationId !== undefined && { llmConfigurationId }),
  };
}

async function makeModel(api: LiveAvatarApi, input: BodyInput, ledger: Ledger): Promise<string> {
  const { marker } = input.binding;
  const secret = await ledger.make("secret", marker, () => api.secrets.create(secretBody(input)));
  const body = llmConfigurationBody(input, secret);
  return ledger.make("llm_configuration", marker, () => api.llmConfigurations.create(body));
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

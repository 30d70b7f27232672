import type { ComposerParts } from "../../composer/parts.ts";
import { vendorPersona } from "../../composer/sessions/binding.ts";
import type { LLMProvider } from "../../memory/llm/provider.ts";
import type { PresentationAdapter } from "../../presentation/adapter.ts";
import type { Check } from "../commands/doctor.ts";

type Found = Omit<Check, "name">;

const ANSWER_MS = 15_000;

/** Sends one word: it costs a few tokens, and proves address, key and model at once. */
export async function languageModel(llm: LLMProvider | undefined, signal: AbortSignal): Promise<Found> {
  if (!llm) return { state: "ok", found: "None is configured: answers are quoted from records and memory." };
  const question = { role: "user", content: "Answer with the word yes." } as const;
  await llm.complete([question], { maxTokens: 16, timeoutMs: ANSWER_MS, signal });
  return { state: "ok", found: `${llm.name} answers.` };
}

/** Which personas do not fit the vendor as it is configured; no call is made to it. */
export function vendors(parts: ComposerParts, adapter: PresentationAdapter): Found {
  const misfits = [...parts.personas.values()].flatMap((persona) =>
    adapter
      .validate(vendorPersona(parts, persona, adapter.vendor))
      .map((problem) => `${persona.id}: ${problem}`),
  );
  const reachable = parts.publicUrl.startsWith("https:") || adapter.vendor === "local";
  if (misfits.length > 0) {
    const fix = "Mend the personas, or do not use them with this vendor.";
    return { state: "warning", found: `${misfits.join("; ")}.`, fix };
  }
  if (reachable) return { state: "ok", found: "Every persona fits." };
  const fix = "Set public_url to an https address that the vendor reaches.";
  return {
    state: "warning",
    found: "Every persona fits, but the vendor cannot call this gateway back.",
    fix,
  };
}

import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";
import { toE164 } from "../../core/telephone.ts";
import { isActingPrincipal } from "../../memory/policy/principals.ts";
import { parseConfig } from "../parse.ts";
import type { ComposerParts } from "../parts.ts";
import type { Consent } from "../store.ts";

/** A field of a system of record that holds a telephone number. */
export const numberField = z.strictObject({ source: z.string().min(1), field: z.string().min(1) });

const line = z
  .strictObject({
    /** Who answers. */
    persona: z.string().min(1).optional(),
    /** Who answers at one of several numbers, by the number that was called. */
    by_number: z
      .record(z.string(), z.string().min(1))
      .refine(
        (numbers) => Object.keys(numbers).every((text) => toE164(text) !== undefined),
        "holds what is no number such as +4930123456",
      )
      .default({}),
    /** The principal that opens the session; it needs grants as any caller does. */
    as: z.string().refine(isActingPrincipal, 'must be "user:…", "agent:…" or "service:…"'),
    tenant_id: z.string().min(1).max(128).optional(),
    /** What callers were told and agreed to: `none`, `transcript` or `memory`. */
    consent: z.enum(["none", "transcript", "memory"]),
    /** Where a number is looked up. */
    caller: numberField.optional(),
    /** Of a number that nobody, or more than one, has. */
    unknown: z.enum(["anonymous", "decline"]).default("anonymous"),
  })
  .refine(
    ({ persona, by_number }) => persona !== undefined || Object.keys(by_number).length > 0,
    "needs persona, or by_number",
  )
  .refine(
    ({ caller, unknown }) => caller !== undefined || unknown === "anonymous",
    "would decline everybody: name under caller where numbers are looked up",
  );

/** `inbound:` of astrocyte.yaml: a vendor to what happens when a call begins there. */
export const inboundConfig = z.record(z.string(), line);

/** What happens when a call comes in at one vendor. */
export type InboundLine = {
  persona?: string;
  /** E.164 of the called number to a persona. */
  byNumber: ReadonlyMap<string, string>;
  principal: string;
  tenantId?: string;
  consent: Consent;
  caller?: { source: string; field: string };
  unknown: "anonymous" | "decline";
};

/**
 * What is configured for telephones, held against the parts that it names. Errors: `config_invalid`, naming every
 * field that is wrong.
 */
export function parseInbound(
  raw: unknown,
  parts: Pick<ComposerParts, "adapters" | "personas" | "sources">,
): Map<string, InboundLine> {
  const configs = parseConfig(inboundConfig, raw ?? {}, "inbound");
  const problems = [
    ...Object.entries(configs).flatMap(([vendor, config]) => lineProblems(vendor, config, parts)),
    ...[...parts.personas.values()].flatMap(({ id, phone }) => phoneProblems(id, phone, parts)),
  ];
  if (problems.length > 0) {
    throw new AstrocyteError("config_invalid", `[inbound] ${problems.join("; ")}. Correct these fields.`, {
      details: { issues: problems },
    });
  }
  return new Map(Object.entries(configs).map(([vendor, config]) => [vendor, toLine(config)]));
}

function lineProblems(
  vendor: string,
  { persona, by_number, caller }: z.output<typeof line>,
  { adapters, personas, sources }: Pick<ComposerParts, "adapters" | "personas" | "sources">,
): string[] {
  const answering = [...(persona === undefined ? [] : [persona]), ...Object.values(by_number)];
  const source = caller && sources.get(caller.source);
  return [
    ...(adapters.get(vendor)?.inbound
      ? []
      : [`inbound.${vendor}: no calls come in there; configure presentation.${vendor} for them`]),
    ...answering
      .filter((id) => !personas.has(id))
      .map((id) => `inbound.${vendor}: there is no persona ${id}`),
    ...(caller && !source ? [`inbound.${vendor}.caller: there is no source ${caller.source}`] : []),
    ...(source && !source.searchable.includes(caller.field)
      ? [`inbound.${vendor}.caller: nobody can be looked up in ${caller.source} by ${caller.field}`]
      : []),
  ];
}

function phoneProblems(
  id: string,
  phone: { source: string; field: string } | undefined,
  { sources }: Pick<ComposerParts, "sources">,
): string[] {
  if (!phone || sources.get(phone.source)?.fields.includes(phone.field)) return [];
  return [`personas.${id}.phone: there is no field ${phone.field} in a source ${phone.source}`];
}

function toLine(config: z.output<typeof line>): InboundLine {
  const { persona, by_number, as: principal, tenant_id: tenantId, consent, caller, unknown } = config;
  return {
    ...(persona !== undefined && { persona }),
    byNumber: new Map(Object.entries(by_number).map(([called, id]) => [toE164(called)!, id])),
    principal,
    ...(tenantId !== undefined && { tenantId }),
    consent,
    ...(caller && { caller }),
    unknown,
  };
}

import { parseSubject } from "../../composer/sessions/lookup.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type { AstrocyteContext } from "../../memory/types.ts";
import type { GatewayParts } from "../parts.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/memory.ts";

/**
 * Forgets a person everywhere: their own banks by every persona's pattern, banks that they own, and what the
 * sessions with them kept. A bank that could not be emptied is listed with the reason, never passed over.
 */
export function dsarRoutes({ memory, composer }: GatewayParts): Route[] {
  return [
    route({
      ...{ method: "POST", tag: "admin", access: "operator" },
      path: "/v1/dsar/forget_principal",
      operation: "forgetPrincipal",
      summary: "Forget a person over all banks and sessions, for good.",
      body: schema.dsarBody,
      answer: schema.dsarAnswer,
      async handler({ body: { principal, tenant_id }, caller }) {
        const context = contextOf(caller);
        if (tenant_id != null && tenant_id !== (context.tenantId ?? null)) throw otherTenant();
        const { id } = parseSubject(principal);
        const sessions = await composer.forgetSubject(principal, context.tenantId ?? null);
        const patterns = [...composer.parts.personas.values()].map(({ bank }) =>
          bank.replaceAll("{subject}", id),
        );
        const owned = (await memory.banks({ context })).filter(({ owner }) => owner === principal);
        const bankIds = [...new Set([...patterns, ...owned.map(({ bankId }) => bankId)])].sort();
        const banks = [];
        for (const bankId of bankIds) banks.push(await emptied(memory, bankId, context));
        const deleted_count = banks.reduce((sum, bank) => sum + bank.deleted_count, 0);
        return { principal, deleted_count, sessions, banks };
      },
    }),
  ];
}

async function emptied(memory: GatewayParts["memory"], bankId: string, context: AstrocyteContext) {
  try {
    const { deletedCount } = await memory.forget({ bankId, context, scope: "all", mode: "hard" });
    return { bank_id: bankId, deleted_count: deletedCount, error: null };
  } catch (error) {
    const { code } = toAstrocyteError(error);
    return { bank_id: bankId, deleted_count: 0, error: code };
  }
}

function otherTenant(): AstrocyteError {
  return new AstrocyteError(
    "access_denied",
    "[dsar] the credential belongs to another tenant. Use one of that tenant.",
  );
}

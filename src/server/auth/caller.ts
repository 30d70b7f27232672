import type { SessionRow } from "../../composer/store.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { AstrocyteContext } from "../../memory/types.ts";

/** Who sends a request: an application, or the page of one session. */
export type Caller =
  | {
      kind: "principal" /** For limits and logs. */;
      id: string;
      context: AstrocyteContext;
      operator: boolean;
    }
  | { kind: "session"; id: string; session: SessionRow };

export function unauthenticated(what: string): AstrocyteError {
  return new AstrocyteError("unauthenticated", `[auth] ${what}`);
}

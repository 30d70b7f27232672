import { Ajv, type ValidateFunction } from "ajv";
import { AstrocyteError } from "../../core/errors.ts";
import type { ToolDefinition } from "./definitions.ts";

const MAX_BYTES = 64 * 1024;
const ajv = new Ajv({ allErrors: true, strict: false, coerceTypes: false });
const compiled = new WeakMap<ToolDefinition, ValidateFunction>();

/** Arguments as the tool's JSON Schema wants them; a model's mistake is named so that it can correct it. */
export function parseArguments(
  tool: ToolDefinition,
  raw: string | Record<string, unknown>,
): Record<string, unknown> {
  const parsed = typeof raw === "string" ? parseJson(tool, raw) : raw;
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
    throw invalid(tool, "they are not an object");
  const { confirmation, ...args } = parsed as Record<string, unknown>;
  const validate = validator(tool);
  if (!validate(args)) {
    throw invalid(
      tool,
      (validate.errors ?? []).map((e) => `${e.instancePath || "/"} ${e.message}`).join("; "),
    );
  }
  return tool.confirm && confirmation !== undefined ? { ...args, confirmation } : args;
}

/** Compiles a tool's schema. Errors: `config_invalid` when it is no JSON Schema. */
export function validator(tool: ToolDefinition): ValidateFunction {
  const known = compiled.get(tool);
  if (known) return known;
  try {
    const validate = ajv.compile(tool.parameters);
    compiled.set(tool, validate);
    return validate;
  } catch (cause) {
    throw new AstrocyteError(
      "config_invalid",
      `[tools] the parameters of ${tool.name} are no JSON Schema. Correct them.`,
      { cause },
    );
  }
}

function parseJson(tool: ToolDefinition, text: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) throw invalid(tool, `they are larger than ${MAX_BYTES} bytes`);
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw invalid(tool, "they are not JSON");
  }
}

function invalid(tool: ToolDefinition, what: string): AstrocyteError {
  return new AstrocyteError(
    "invalid_input",
    `[tools] the arguments of ${tool.name} are wrong: ${what}. Correct them and call again.`,
  );
}

import type { z } from "zod";
import { duration } from "../../src/composer/parse.ts";

/** One setting: its path below the section, what it takes, and what holds when it is absent. */
export type Setting = { key: string; type: string; fallback: string };

/** Of zod's definitions what this file reads; all kinds of schema in one. */
type Node = z.ZodType & {
  def: {
    type: string;
    innerType?: Node;
    defaultValue?: unknown;
    shape?: Record<string, Node>;
    element?: Node;
    valueType?: Node;
    options?: Node[];
    in?: Node;
    entries?: Record<string, string>;
    values?: unknown[];
  };
  format?: string | null;
  maxValue?: number | null;
};

/** All settings of a schema, in its own order. Paths in `closed` are one setting each, explained in prose. */
export function settingsOf(schema: z.ZodType, closed: string[] = [], path = ""): Setting[] {
  const node = bare(schema as Node);
  const { type, shape, element, valueType } = node.def;
  if (type === "object") {
    return Object.entries(shape!).flatMap(([key, child]) => {
      const at = path === "" ? key : `${path}.${key}`;
      const inner = closed.includes(at) ? [] : settingsOf(child, closed, at);
      // A section that may be left out is told by its own settings.
      return inner.length > 0 && !isLeaf(child) ? inner : [setting(at, child), ...inner];
    });
  }
  if (type === "array") return settingsOf(element!, closed, `${path}[]`);
  if (type === "record") return settingsOf(valueType!, closed, path === "" ? "" : `${path}.<name>`);
  if (type === "union" && path !== "")
    return node.def.options!.flatMap((one) => settingsOf(one, closed, path));
  return [];
}

/** An object's own settings, whatever it is wrapped in. */
export function shapeOf(schema: z.ZodType): Record<string, z.ZodType> {
  return bare(schema as Node).def.shape!;
}

function isLeaf(schema: Node): boolean {
  return bare(schema).def.type !== "object";
}

function setting(key: string, schema: Node): Setting {
  return { key, type: typeOf(schema), fallback: fallbackOf(schema) };
}

function fallbackOf(schema: Node): string {
  const { type, defaultValue, innerType } = schema.def;
  if (type === "optional") return "";
  if (type === "nullable") return fallbackOf(innerType!);
  if (type !== "default" && type !== "prefault") return "required";
  if (innerType === (duration as unknown)) return `\`${asDuration(defaultValue as number)}\``;
  const text = typeof defaultValue === "string" ? defaultValue : JSON.stringify(defaultValue);
  return text === "[]" || text === "{}" ? "none" : `\`${text}\``;
}

function typeOf(schema: Node): string {
  if ((schema as unknown) === duration) return "duration";
  const { def } = schema;
  const { type, innerType, element, valueType, entries, values, in: input } = def;
  switch (type) {
    case "optional":
    case "default":
    case "prefault":
      return typeOf(innerType!);
    case "nullable":
      return `${typeOf(innerType!)} or \`null\``;
    case "pipe":
      return typeOf(input!);
    case "enum":
      return Object.values(entries!)
        .map((value) => `\`${value}\``)
        .join(", ");
    case "literal":
      return values!.map((value) => `\`${value}\``).join(", ");
    case "array":
      return `list of ${plural(typeOf(element!))}`;
    case "record":
      return mapTo(typeOf(valueType!));
    case "union":
      return joined([...new Set(def.options!.map(typeOf))]);
    default:
      return scalar(schema);
  }
}

function scalar({ def: { type }, format, maxValue }: Node): string {
  if (type === "string") return format === "url" ? "URL" : "text";
  if (type === "object" || type === "boolean") return type;
  if (type !== "number") return "anything";
  const most = maxValue ?? Number.POSITIVE_INFINITY;
  const bound = most < Number.MAX_SAFE_INTEGER ? ` up to ${most}` : "";
  return `${format === "safeint" ? "whole number" : "number"}${bound}`;
}

function joined(types: string[]): string {
  return types.join(types.every((type) => type.startsWith("`")) ? ", " : " or ");
}

function mapTo(type: string): string {
  return type === "anything" || type.startsWith("map") ? "map" : `map to ${plural(type)}`;
}

function plural(type: string): string {
  if (type.startsWith("`") || type.startsWith("list")) return type;
  const [noun = "", ...rest] = type.split(" or ");
  return [`${noun}s`, ...rest].join(" or ");
}

function bare(schema: Node): Node {
  const { type, innerType, in: input } = schema.def;
  if (type === "pipe") return bare(input!);
  return innerType ? bare(innerType) : schema;
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

function asDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

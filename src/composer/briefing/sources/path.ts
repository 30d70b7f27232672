import { AstrocyteError } from "../../../core/errors.ts";

export type Path = Array<string | number>;

const STEP = /^(?:\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\])/;

/**
 * Parses the small part of JSONPath that names one value: `$.plan.tier`, `owner['first name']`, `items[0].sku`.
 * Errors: `config_invalid`.
 */
export function parsePath(text: string): Path {
  const path: Path = [];
  let rest = text.replace(/^\$(?=[.[]|$)/, "");
  while (rest !== "") {
    const step = STEP.exec(rest);
    if (!step) {
      throw new AstrocyteError(
        "config_invalid",
        `[sources] "${text}" is not a path. Write it as $.plan.tier or items[0].name.`,
      );
    }
    path.push(step[2] === undefined ? (step[1] ?? step[3] ?? step[4])! : Number(step[2]));
    rest = rest.slice(step[0].length);
  }
  return path;
}

/** The value at `path`, or undefined; only own properties count. */
export function readPath(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

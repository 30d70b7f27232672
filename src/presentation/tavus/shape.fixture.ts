import contract from "./fixtures/contract.json" with { type: "json" };

export type Row = Record<string, unknown>;
type Section =
  | "rest"
  | "app_messages_from_tavus"
  | "app_messages_to_tavus"
  | "webhooks"
  | "tool_api_delivery";

/** A payload of the contract, fresh each time. */
export function example(section: Section, name: string): Row {
  const entries = contract[section] as unknown as Record<string, { json: Row }>;
  const found = entries[name];
  if (!found) throw new Error(`there is no fixture ${section}.${name}`);
  return structuredClone(found.json);
}

export function examples(section: Section): Array<[string, Row]> {
  return Object.keys(contract[section]).map((name) => [name, example(section, name)]);
}

/**
 * Where `actual` departs from the shape of `expected`: a field more or less, or another type. Fields named in
 * `optional` may be missing. Rows of a list are each held to the first row of the example.
 */
export function departures(actual: unknown, expected: unknown, optional: string[] = [], at = "$"): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [`${at} is no list`];
    return expected.length === 0
      ? []
      : actual.flatMap((row, i) => departures(row, expected[0], optional, `${at}[${i}]`));
  }
  if (typeof expected !== "object" || expected === null) {
    return typeof actual === typeof expected ? [] : [`${at} is a ${typeof actual}`];
  }
  if (typeof actual !== "object" || actual === null) return [`${at} is no object`];
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...names].flatMap((name) => {
    if (!(name in expected)) return optional.includes(name) ? [] : [`${at}.${name} is not in the contract`];
    if (!(name in actual)) return optional.includes(name) ? [] : [`${at}.${name} is missing`];
    return departures((actual as Row)[name], (expected as Row)[name], optional, `${at}.${name}`);
  });
}

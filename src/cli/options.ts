import { type Command, InvalidArgumentError, Option } from "commander";

/** The bank that is meant when a command names none. */
export const DEFAULT_BANK = process.env["ASTROCYTE_BANK"] || "default";

export function positive(value: string): number {
  const n = Number(value);
  if (Number.isInteger(n) && n > 0) return n;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

export function port(value: string): number {
  const n = Number(value);
  if (Number.isInteger(n) && n >= 0 && n <= 65_535) return n;
  throw new InvalidArgumentError("It must be a port, 0 to 65535; 0 takes a free one.");
}

/** For options that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

export function bankOption(): Option {
  return new Option("-b, --bank <id>", "bank of memories, such as person:anna").default(DEFAULT_BANK);
}

export function tagOption(what: string): Option {
  return new Option("-t, --tag <tag>", `${what} (repeatable)`).argParser(collect);
}

export function globalOptions(program: Command): Command {
  return program
    .option("--db <file>", "memory file to use instead of a configuration")
    .option("--config <file>", "configuration file (default: astrocyte.yaml here or in .astrocyte/)")
    .option("--principal <who>", 'who acts, such as "user:anna" or "service:crm"')
    .option("--json", "one JSON document on stdout, nothing else")
    .option("--quiet", "no progress and no notes");
}

/** The entries that hold a value: options that were not given must not override defaults. */
export function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

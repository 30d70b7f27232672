import type { Clock } from "../../../core/clock.ts";
import { withDeadline } from "../../../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../../../core/errors.ts";
import type { Attribute, Sensitivity, SourceField, SourceRecord, Subject } from "../../types.ts";
import { comparable, ENOUGH, type Finder, requireFinder } from "./find.ts";
import { type SubjectMapping, subjectKey, subjectOf } from "./subject.ts";

/** A system of record: what the application's own databases say about a person. */
export type SystemOfRecord = {
  readonly name: string;
  /** A briefing without it is refused. */
  readonly required: boolean;
  /**
   * The allowlisted fields of one subject; none when the source does not know the subject. Costs at most the
   * source's timeout; nothing while the cache is fresh. Errors: `source_failed`, `deadline_exceeded`.
   */
  fetch(subject: Subject): Promise<SourceRecord>;
  /** Names of the fields that it gives. */
  readonly fields: readonly string[];
  /** Fields by whose value a person can be looked up. */
  readonly searchable: readonly string[];
  /** Where telephone numbers without `+` belong (ISO 3166). */
  readonly country?: string;
  /**
   * Ids of the subjects whose `field` has this value; telephone numbers are compared as E.164. Of several two are
   * given, so that nobody is guessed. Costs one read, at most the source's timeout; nothing is cached.
   * Errors: `source_failed`, `deadline_exceeded`, `not_supported` for a field that is not searchable.
   */
  find(field: string, value: string): Promise<string[]>;
  /** Drops what is cached of the subject. */
  forget(subject: Subject): void;
  close(): Promise<void>;
};

/**
 * What happens to a value that is older than its TTL. `refetch`: the source is asked again, and what it says
 * counts, with its age. `drop`: as well, but a value that the source itself dates as too old is not used.
 * `show`: the cached value is used at once, with its age, and the source is asked for the next time.
 */
export type StaleRule = "refetch" | "drop" | "show";

export type FieldSpec = {
  name: string;
  label: string;
  /** Path or column; see `Reader`. */
  path: string;
  asOf?: string;
  ttlMs: number;
  stale: StaleRule;
  sensitivity: Sensitivity;
  attribute?: Attribute;
};

export type SourceSpec = {
  name: string;
  authority: number;
  required: boolean;
  timeoutMs: number;
  country?: string;
  subject: SubjectMapping;
  fields: FieldSpec[];
};

/** Reads one row by the source's own key; undefined when there is none. The rest is `defineSource`'s. */
export type Reader = {
  read(key: string, subject: Subject, signal: AbortSignal): Promise<Row | undefined>;
  /** By field: how a person is looked up by its value. */
  finders?: Record<string, Finder>;
  close?(): Promise<void>;
};

/** Gives the value at a path or column of a row. */
export type Row = (path: string) => unknown;

type Value = { value: string | number | boolean; asOf: number };
/** `at` is the time by which freshness is judged: that of the read, when there was one just now. */
type Loaded = { entry: Entry; at: number; error?: unknown };
type Entry = { fetchedAt: number; values: Map<string, Value> };

const MAX_CACHED = 10_000;

/** Gives a reader its field allowlist, cache, freshness rules and timeout. */
export function defineSource(spec: SourceSpec, reader: Reader, clock: Clock): SystemOfRecord {
  const cache = new Map<string, Entry>();
  const flights = new Map<string, Promise<Entry>>();

  async function load(subject: Subject): Promise<Entry> {
    const limit = { clock, timeoutMs: spec.timeoutMs, what: `[source ${spec.name}] the read` };
    try {
      const row = await withDeadline(limit, (signal) =>
        reader.read(subjectKey(subject, spec.subject), subject, signal),
      );
      return { fetchedAt: clock.now(), values: row ? allowed(spec.fields, row, clock.now()) : new Map() };
    } catch (error) {
      throw toSourceError(spec.name, error);
    }
  }

  /** One read at a time for a subject, shared by all who ask. */
  function refresh(key: string, subject: Subject): Promise<Entry> {
    const running = flights.get(key);
    if (running) return running;
    const flight = load(subject)
      .then((entry) => {
        // A `forget` in the meantime has taken the flight out: nothing of it may come back.
        if (flights.get(key) === flight) remember(cache, key, entry);
        return entry;
      })
      .finally(() => {
        if (flights.get(key) === flight) flights.delete(key);
      });
    flights.set(key, flight);
    return flight;
  }

  async function entryOf(key: string, subject: Subject): Promise<Loaded> {
    const cached = cache.get(key);
    const due = cached && spec.fields.filter(({ ttlMs }) => clock.now() - cached.fetchedAt > ttlMs);
    if (cached && due!.every(({ stale }) => stale === "show")) {
      if (due!.length > 0) refresh(key, subject).catch(() => {});
      return { entry: cached, at: clock.now() };
    }
    try {
      const entry = await refresh(key, subject);
      return { entry, at: entry.fetchedAt };
    } catch (error) {
      if (!cached) throw error;
      return { entry: cached, at: clock.now(), error };
    }
  }

  return {
    name: spec.name,
    required: spec.required,
    fields: spec.fields.map(({ name }) => name),
    searchable: Object.keys(reader.finders ?? {}),
    ...(spec.country !== undefined && { country: spec.country }),
    async find(field, value) {
      const finder = requireFinder(spec.name, reader.finders ?? {}, field);
      const limit = { clock, timeoutMs: spec.timeoutMs, what: `[source ${spec.name}] the look-up` };
      try {
        const keys = await withDeadline(limit, (signal) => finder(comparable(value, spec.country), signal));
        const ids = keys.map((key) => subjectOf(key, spec.subject)).filter((id) => id !== undefined);
        return [...new Set(ids)].slice(0, ENOUGH);
      } catch (error) {
        throw toSourceError(spec.name, error);
      }
    },
    async fetch(subject) {
      const key = `${subject.principal}\0${subjectKey(subject, spec.subject)}`;
      const { entry, at, error } = await entryOf(key, subject);
      const fields = spec.fields.flatMap((field) => current(field, entry, at));
      if (error !== undefined && fields.length === 0) throw error;
      const { name: source, authority } = spec;
      const failure = error === undefined ? {} : { error: toAstrocyteError(error).code };
      return { source, authority, fetchedAt: entry.fetchedAt, fields, ...failure };
    },
    forget(subject) {
      const key = `${subject.principal}\0${subjectKey(subject, spec.subject)}`;
      cache.delete(key);
      flights.delete(key);
    },
    close: async () => reader.close?.(),
  };
}

/** The gate: what is not in `fields` does not leave this module. */
function allowed(fields: FieldSpec[], row: Row, now: number): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const field of fields) {
    const value = toScalar(row(field.path));
    if (value === undefined) continue;
    const asOf = field.asOf === undefined ? undefined : toTime(row(field.asOf));
    values.set(field.name, { value, asOf: Math.min(asOf ?? now, now) });
  }
  return values;
}

function current(field: FieldSpec, entry: Entry, now: number): SourceField[] {
  const found = entry.values.get(field.name);
  if (!found) return [];
  const stale = now - found.asOf > field.ttlMs;
  const unconfirmed = now - entry.fetchedAt > field.ttlMs;
  if ((stale && field.stale === "drop") || (unconfirmed && field.stale === "refetch")) return [];
  const { name, label, ttlMs, sensitivity, attribute } = field;
  return [{ name, label, ...found, ttlMs, stale, sensitivity, ...(attribute && { attribute }) }];
}

function remember(cache: Map<string, Entry>, key: string, entry: Entry): void {
  cache.delete(key);
  cache.set(key, entry);
  if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value!);
}

function toScalar(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (!Array.isArray(value)) return undefined;
  const items = value.map(toScalar).filter((item) => item !== undefined);
  return items.length > 0 ? items.join(", ") : undefined;
}

/** A time as databases give it; numbers below 10^11 are seconds. */
function toTime(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint") return toTime(Number(value));
  if (typeof value === "number") return value < 1e11 ? value * 1000 : value;
  if (typeof value !== "string") return undefined;
  const zoned = /[zZ]$|[+-]\d{2}:?\d{2}$/.test(value) || value.length <= 10;
  const ms = Date.parse(zoned ? value : `${value.replace(" ", "T")}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function toSourceError(name: string, error: unknown): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  // The driver's own message may quote a value, so it stays in the cause.
  return new AstrocyteError(
    "source_failed",
    `[source ${name}] the read failed. Check that it can be reached.`,
    {
      cause: error,
    },
  );
}

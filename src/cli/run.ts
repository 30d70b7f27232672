import type { Command } from "commander";
import { raceAbort } from "../core/deadline.ts";
import { AstrocyteError } from "../core/errors.ts";
import type { Astrocyte } from "../memory/brain.ts";
import type { AstrocyteContext } from "../memory/types.ts";
import type { GatewayOptions, OpenedGateway } from "../open-gateway.ts";
import { locate } from "./locate.ts";
import { asFailure, EXIT, exitCodeOf } from "./output/exit.ts";
import { toWire } from "./output/json.ts";
import { type Progress, progress } from "./output/progress.ts";
import { createUi, type Ui } from "./output/ui.ts";

/** Options that every command takes. */
export type Flags = { db?: string; config?: string; principal?: string; json?: boolean; quiet?: boolean };

/** What a command gives back: printed as JSON or as text. Long-running ones print themselves and give nothing. */
export type Answer = { data: unknown; text(ui: Ui): string; exitCode?: number };

/** What a command works with. */
export type Cli = {
  flags: Flags;
  ui: Ui;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  context: { context?: AstrocyteContext };
  /** The memory that the flags name; opened once, closed at the end. */
  memory(): Promise<Astrocyte>;
  /** Everything that the configuration names, not yet listening; closed at the end. */
  gateway(options?: GatewayOptions): Promise<OpenedGateway>;
  /** Closed at the end, last opened first. */
  use<T extends { close(): Promise<unknown> }>(resource: T): T;
  progress(label: string): Progress;
  /** A line for people, on stderr. */
  note(text: string): void;
};

type Handler<O> = (cli: Cli, options: O, args: string[]) => Promise<Answer | undefined>;

/**
 * Makes a commander action of a handler: opens, runs, prints, closes, and sets the exit code. Ctrl-C ends it
 * at once, unless it `serves`: then it ends itself when the signal tells it to.
 */
export function action<O extends object>(
  handler: Handler<O>,
  { serves = false } = {},
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals() as O & Flags;
    const stop = new AbortController();
    const interrupt = () => {
      // The second Ctrl-C does not wait for anything.
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort(new AstrocyteError("cancelled", "[cli] interrupted."));
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    const { cli, close } = open(options, stop.signal);
    try {
      const work = handler(cli, options, command.args);
      const answer = await (serves ? work : raceAbort(work, stop.signal));
      if (answer) print(cli, answer);
    } catch (error) {
      fail(error, options.json ?? false);
    } finally {
      await close().catch((error) => fail(error, options.json ?? false));
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  };
}

function open(flags: Flags, signal: AbortSignal): { cli: Cli; close(): Promise<void> } {
  const opened: Array<{ close(): Promise<unknown> }> = [];
  let memory: Promise<Astrocyte> | undefined;
  const use = <T extends { close(): Promise<unknown> }>(resource: T) => {
    opened.push(resource);
    return resource;
  };
  const cli: Cli = {
    flags,
    ui: createUi(process.stdout),
    signal,
    context: flags.principal === undefined ? {} : { context: { principal: flags.principal } },
    memory: () => (memory ??= openMemory(flags).then(use)),
    gateway: (options) => openConfigured(flags, options).then(use),
    use,
    progress: (label) => progress(label, process.stderr, (flags.quiet || flags.json) ?? false),
    note: (text) => {
      if (!flags.quiet && !flags.json) process.stderr.write(`${text}\n`);
    },
  };
  const close = async () => {
    for (const resource of opened.reverse()) await resource.close();
  };
  return { cli, close };
}

async function openMemory(flags: Flags): Promise<Astrocyte> {
  const { Astrocyte } = await import("../memory/brain.ts");
  const place = await locate(flags);
  return "config" in place ? Astrocyte.fromConfig(place.config) : Astrocyte.open(place.db);
}

async function openConfigured(flags: Flags, options: GatewayOptions = {}): Promise<OpenedGateway> {
  const place = await locate(flags);
  if (!("config" in place)) {
    throw new AstrocyteError(
      "config_invalid",
      "[cli] personas and vendors come from a configuration, and there is none. Give --config, or run `astrocyte start` for a sample.",
    );
  }
  const { openGateway } = await import("../open-gateway.ts");
  return openGateway(place.config, options);
}

function print(cli: Cli, answer: Answer): void {
  const text = cli.flags.json ? JSON.stringify(toWire(answer.data)) : answer.text(cli.ui);
  if (text !== "") process.stdout.write(`${text}\n`);
  if (answer.exitCode !== undefined) process.exitCode = answer.exitCode;
}

/** `error: [area] what happened. What to do. (code)`; as one JSON document on stdout for programs. */
export function fail(error: unknown, json: boolean): void {
  const failure = asFailure(error);
  process.exitCode = exitCodeOf(failure);
  if (failure.code === "cancelled") return;
  const { code, message, retryable, details } = failure;
  if (json)
    process.stdout.write(`${JSON.stringify({ error: toWire({ code, message, retryable, details }) })}\n`);
  else process.stderr.write(`error: ${message} (${code})\n`);
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { CircuitBreaker } from "../core/breaker.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { type Attributes, type Logger, silentLogger, withSpan } from "../core/telemetry.ts";
import { loadTokenizer } from "../core/tokens.ts";
import type { OpenUpstream } from "./ask.ts";
import { authenticate, type Binder, type Binding, bind } from "./bind.ts";
import { openDialect } from "./dialect.ts";
import { extractiveUpstream, providerUpstream } from "./encoded-upstream.ts";
import { Exchanges } from "./exchanges.ts";
import { Limiter } from "./limiter.ts";
import { listModels } from "./models.ts";
import { openAiUpstream } from "./openai-upstream.ts";
import { Outgoing } from "./outgoing.ts";
import { type BrainParts, type BrainSettings, DEFAULT_SETTINGS } from "./parts.ts";
import { readBody } from "./read-body.ts";
import { Recaller } from "./recall.ts";
import { type ChatRequest, parseChat } from "./request.ts";
import { TurnClock } from "./trace.ts";
import { runTurn } from "./turn.ts";
import type { Upstream } from "./upstreams.ts";

/** What the route of a request says besides the request itself. */
export type BrainRoute = {
  /** The key in the path, where it is there. */
  sessionKey?: string;
  /** The vendor whose own form the request has, where it is not OpenAI's. */
  vendor?: string;
};

/** The shared brain: chat completions with memory, over plain `node:http` requests whose body is unread. */
export type Brain = {
  /** Answers one chat-completions request, errors included; settles when all is done, and never rejects. */
  handle(req: IncomingMessage, res: ServerResponse, route?: BrainRoute): Promise<void>;
  /** Answers `GET /models` for the holder of a key. */
  models(req: IncomingMessage, res: ServerResponse, route?: BrainRoute): Promise<void>;
  /** Ends open streams' upstream calls, and returns once completed exchanges are stored. */
  close(): Promise<void>;
};

/** Errors: `config_invalid` for upstreams or keys that cannot work. Loads the tokenizer (some 150 ms) if there is memory. */
export function createBrain(parts: BrainParts): Brain {
  return new SharedBrain(parts);
}

class SharedBrain implements Brain {
  readonly #parts: BrainParts;
  readonly #settings: BrainSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #binder: Binder;
  readonly #upstreams: OpenUpstream[];
  readonly #recaller: Recaller;
  readonly #exchanges: Exchanges | undefined;
  readonly #limiter = new Limiter();

  constructor(parts: BrainParts) {
    const { memory, clock = systemClock, logger = silentLogger } = parts;
    this.#parts = parts;
    this.#settings = { ...DEFAULT_SETTINGS, ...parts.settings };
    this.#clock = clock;
    this.#logger = logger;
    this.#binder = { keys: parts.keys ?? [], sessions: parts.sessions, settings: this.#settings };
    this.#upstreams = parts.upstreams.map((upstream) => openUpstream(upstream, clock));
    const { reuseMs, settleMs } = this.#settings;
    this.#recaller = new Recaller({ memory, clock, logger, reuseMs });
    this.#exchanges = memory && new Exchanges({ memory, clock, logger, settleMs });
    if (memory) loadTokenizer();
  }

  async handle(req: IncomingMessage, res: ServerResponse, route: BrainRoute = {}): Promise<void> {
    const turn = new TurnClock(newId("turn", this.#clock));
    const outgoing = new Outgoing(res, () => ({
      "x-astrocyte-memory": turn.trace.memory,
      "server-timing": turn.serverTiming(),
    }));
    let binding: Binding | undefined;
    let release: (() => void) | undefined;
    try {
      const dialect = route.vendor === undefined ? undefined : openDialect(this.#parts, route.vendor);
      if (dialect) outgoing.encode = dialect.encode;
      const credential = await authenticate(this.#binder, req, route.sessionKey);
      const body = await readBody(req, this.#settings, this.#clock);
      turn.mark("read");
      const chat = parseChat(dialect ? dialect.decode(body) : body);
      binding = await bind(this.#binder, credential, chat);
      turn.bound(binding, chat);
      release = this.#limiter.enter(binding.id, this.#limitOf(binding));
      await this.#run(chat, binding, outgoing, turn);
      turn.trace.outcome = "completed";
    } catch (error) {
      this.#failed(req, outgoing, turn, error);
    } finally {
      release?.();
      this.#ended(outgoing, turn, binding);
    }
  }

  async models(req: IncomingMessage, res: ServerResponse, route: BrainRoute = {}): Promise<void> {
    const outgoing = new Outgoing(res);
    try {
      await authenticate(this.#binder, req, route.sessionKey);
      const list = JSON.stringify(listModels(this.#parts.upstreams));
      outgoing.whole(200, { "content-type": "application/json; charset=utf-8" }, list);
    } catch (error) {
      outgoing.fail(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#upstreams.map((upstream) => upstream.close()));
    await this.#exchanges?.close();
    this.#recaller.close();
  }

  async #run(chat: ChatRequest, binding: Binding, outgoing: Outgoing, turn: TurnClock): Promise<void> {
    const attributes: Attributes = {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": chat.model ?? "",
      ...(binding.session && { "gen_ai.conversation.id": binding.session.sessionId }),
    };
    await withSpan(`chat ${chat.model ?? ""}`.trimEnd(), attributes, async (span) => {
      try {
        await runTurn({
          chat,
          binding,
          outgoing,
          turn,
          memory: this.#parts.memory,
          recaller: this.#recaller,
          exchanges: this.#exchanges,
          upstreams: this.#upstreams,
          settings: this.#settings,
          clock: this.#clock,
          logger: this.#logger,
        });
      } finally {
        span.setAttributes(turn.spanAttributes());
      }
    });
  }

  #limitOf({ session }: Binding): number {
    return session ? this.#settings.streamsPerSession : this.#settings.streamsPerKey;
  }

  #failed(req: IncomingMessage, outgoing: Outgoing, turn: TurnClock, error: unknown): void {
    const { code } = toAstrocyteError(error);
    turn.trace.outcome = code === "cancelled" ? "cancelled" : "failed";
    turn.trace.error = code;
    // Another's error may quote anything: only its kind is told.
    if (!AstrocyteError.is(error)) {
      const kind = error instanceof Error ? error.name : typeof error;
      this.#logger.error({ turnId: turn.trace.turnId, code, kind }, "turn failed");
    }
    // What is left of an unread body must not be taken for the next request.
    if (!req.complete) outgoing.closeAfter();
    outgoing.fail(error);
  }

  #ended(outgoing: Outgoing, turn: TurnClock, binding: Binding | undefined): void {
    turn.trace.status = outgoing.status;
    const trace = turn.end();
    this.#logger.info({ ...trace }, "turn");
    this.#parts.onTurn?.(trace);
    const { session } = binding ?? {};
    if (!session || trace.attempts === 0) return;
    this.#parts.sessions?.addUsage(session.sessionId, turn.counters()).catch((error) => {
      this.#logger.error(
        { code: toAstrocyteError(error).code, sessionId: session.sessionId },
        "usage not counted",
      );
    });
  }
}

function openUpstream(config: Upstream, clock: Clock): OpenUpstream {
  const name = config.name ?? config.kind;
  const breaker = new CircuitBreaker({ area: `brain.${name}`, clock, recoveryMs: 10_000 });
  const closed = async () => {};
  if (config.kind === "none")
    return { name, config, breaker, open: extractiveUpstream(clock), close: closed };
  if (config.kind === "provider")
    return { name, config, breaker, open: providerUpstream(config.provider, clock), close: closed };
  return { name, config, breaker, ...openAiUpstream(config) };
}

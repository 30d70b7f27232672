import type { OwnTool } from "../agent.ts";
import type { ToolOutput } from "../tool-desk.ts";
import { TRANSFER } from "./config.ts";
import type { Handoff } from "./webhook.ts";

/** Handing the call over to a number of the persona's: the agent asks for it by a name, and learns no number. */
export class Transfer {
  /** Where the call is to go once the agent has finished speaking. */
  handoff: Handoff | undefined;
  readonly tools: OwnTool[];
  readonly #numbers: Record<string, string>;

  constructor(numbers: Record<string, string>) {
    this.#numbers = numbers;
    const names = Object.keys(numbers);
    this.tools = names.length === 0 ? [] : [{ ...toolFor(names), run: (args) => this.#run(args) }];
  }

  /** True when there was something to cancel. */
  cancel(): boolean {
    const had = this.handoff !== undefined;
    this.handoff = undefined;
    return had;
  }

  #run(args: string): ToolOutput {
    const name = nameIn(args);
    const known = name !== undefined && Object.hasOwn(this.#numbers, name);
    if (!known) {
      const output = `There is nobody of that name. Known: ${Object.keys(this.#numbers).join(", ")}.`;
      return { status: "error", output };
    }
    this.handoff = { reason: "transfer", to: this.#numbers[name]! };
    return { status: "success", output: "The call is handed over after your words." };
  }
}

function toolFor(names: string[]): Omit<OwnTool, "run"> {
  return {
    name: TRANSFER,
    description: "Hand the call over to a colleague, after you have told the caller.",
    parameters: {
      type: "object",
      properties: { to: { type: "string", enum: names } },
      required: ["to"],
      additionalProperties: false,
    },
    result: "silent",
    delivery: "server",
  };
}

function nameIn(args: string): string | undefined {
  try {
    const { to } = JSON.parse(args) as Record<string, unknown>;
    return typeof to === "string" ? to : undefined;
  } catch {
    return undefined;
  }
}

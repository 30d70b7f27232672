import { setTimeout } from "node:timers/promises";
import type { PhoneCall } from "../../src/presentation/twilio/simulator.ts";

/** A person in a call, whatever the vendor: what a page and a telephone have in common. */
export type Person = {
  /** The first thing that the agent says. */
  greeting(): Promise<string>;
  /** Says something and waits for the answer. */
  say(text: string): Promise<string>;
  end(): Promise<void>;
};

export type Caller = Person & {
  /** Resolves once what was said is known to have been heard, or the call is over. */
  tell(text: string): Promise<void>;
  /** True when the person is in the call, as far as they can tell. */
  isThere(): Promise<boolean>;
};

/** A person on the telephone. */
export function onThePhone(
  call: PhoneCall,
  isHeard: (text: string) => Promise<boolean> = async () => true,
): Caller {
  const heard = async () => (await call.listen()).text;
  return {
    greeting: heard,
    say(text) {
      call.say(text);
      return heard();
    },
    async tell(text) {
      call.say(text);
      while (!call.isOver && !(await isHeard(text))) await setTimeout(10);
    },
    isThere: async () => !call.isOver,
    end: () => call.hangUp(),
  };
}

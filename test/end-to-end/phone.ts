import type { PhoneCall } from "../../src/presentation/twilio/simulator.ts";

/** A person in a call, whatever the vendor: what a page and a telephone have in common. */
export type Person = {
  /** The first thing that the agent says. */
  greeting(): Promise<string>;
  /** Says something and waits for the answer. */
  say(text: string): Promise<string>;
  end(): Promise<void>;
};

/** A person on the telephone. */
export function onThePhone(call: PhoneCall): Person {
  const heard = async () => (await call.listen()).text;
  return {
    greeting: heard,
    say(text) {
      call.say(text);
      return heard();
    },
    end: () => call.hangUp(),
  };
}

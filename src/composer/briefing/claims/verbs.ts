/** Forms of a verb and what each says about the time: `live`/`lives`, `lived`, `living`. */
export type Verb = { base: string; present: string[]; past: string[]; ing: string[] };

const IRREGULAR: Record<string, { present?: string[]; past: string[]; ing?: string[] }> = {
  be: { present: ["am", "is", "are", "be", "been"], past: ["was", "were"], ing: ["being"] },
  have: { present: ["have", "has"], past: ["had"] },
  get: { past: ["got", "gotten"], ing: ["getting"] },
  go: { present: ["go", "goes"], past: ["went", "gone"] },
  become: { past: ["became"], ing: ["becoming"] },
  choose: { past: ["chose", "chosen"] },
  take: { past: ["took", "taken"] },
  run: { past: ["ran"], ing: ["running"] },
  eat: { past: ["ate", "eaten"] },
  pay: { past: ["paid"] },
  drive: { past: ["drove", "driven"] },
  speak: { past: ["spoke", "spoken"] },
  write: { past: ["wrote", "written"] },
  hold: { past: ["held"] },
  set: { past: ["set"], ing: ["setting"] },
  stand: { past: ["stood"] },
  keep: { past: ["kept"] },
  leave: { past: ["left"] },
  buy: { past: ["bought"] },
  begin: { past: ["began", "begun"], ing: ["beginning"] },
  come: { past: ["came"] },
  send: { past: ["sent"] },
  sign: { past: ["signed"] },
  prefer: { past: ["preferred"], ing: ["preferring"] },
  upgrade: { past: ["upgraded"] },
};

/** Verbs whose past tense says how things are since then; all others say how they were. */
const CHANGES = new Set([
  "move",
  "relocate",
  "switch",
  "upgrade",
  "downgrade",
  "change",
  "get",
  "go",
  "become",
  "choose",
  "pick",
  "take",
  "start",
  "begin",
  "join",
  "sign",
  "subscribe",
  "enroll",
  "enrol",
  "update",
  "set",
  "increase",
  "reduce",
  "reach",
  "buy",
  "receive",
  "raise",
  "lower",
  "extend",
  "renew",
  "register",
  "marry",
  "select",
]);

/** Whether its past tense still holds now. */
export function isChange(base: string): boolean {
  return CHANGES.has(base);
}

export function conjugate(base: string): Verb {
  const { present, past, ing } = IRREGULAR[base] ?? {};
  const stem = base.endsWith("e") ? base.slice(0, -1) : base;
  const soft = /[^aeiou]y$/.test(base) ? base.slice(0, -1) : undefined;
  const third = soft ? `${soft}ies` : /(?:s|x|z|ch|sh)$/.test(base) ? `${base}es` : `${base}s`;
  return {
    base,
    present: present ?? [base, third],
    past: past ?? [soft ? `${soft}ied` : `${stem}ed`],
    ing: ing ?? [`${base === stem || base.endsWith("ee") ? base : stem}ing`],
  };
}

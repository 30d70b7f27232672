/** Runs named checks one after the other and remembers whether all went well. */
export type Checks = {
  check(name: string, run: () => Promise<void>): Promise<void>;
  /** What is to be undone at the end, the last first. */
  after(undo: () => unknown): void;
};

export async function runChecks(suite: (checks: Checks) => Promise<void>): Promise<number> {
  const undos: Array<() => unknown> = [];
  let failed = 0;
  const check: Checks["check"] = async (name, run) => {
    try {
      await run();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n`, error);
    }
  };
  try {
    await suite({ check, after: (undo) => void undos.push(undo) });
  } catch (error) {
    failed++;
    console.log("FAILED ", error);
  }
  for (const undo of undos.reverse()) await undo();
  return failed;
}

import { runChecks } from "./checks.ts";
import { litellm } from "./litellm.ts";
import { pipecat } from "./pipecat.ts";

/**
 * `npm run test:interop`: clients of the shared brain that are not JavaScript, as they come from PyPI, each in a
 * virtual environment in the temp folder (about 1.3 GB together, made on the first run). Needs python3 and pip.
 */
const suites = { litellm, pipecat };
const names = process.argv.slice(2);
let failed = 0;
for (const [name, suite] of Object.entries(suites)) {
  if (names.length === 0 || names.includes(name)) failed += await runChecks(suite);
}
process.exit(failed === 0 ? 0 : 1);

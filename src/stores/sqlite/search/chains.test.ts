import assert from "node:assert/strict";
import { it } from "node:test";
import { Chains } from "./chains.ts";

function valuesOf(chains: Chains, chain: number): number[] {
  const target = new Uint32Array(chains.size(chain));
  return [...target.subarray(0, chains.read(chain, target))];
}

it("lists grow side by side and come back in order", () => {
  const chains = new Chains();
  const lists = Array.from({ length: 7 }, () => ({ chain: chains.add(), values: [] as number[] }));
  for (let value = 1; value < 40_000; value++) {
    const { chain, values } = lists[value % (1 + (value % 7))]!;
    chains.append(chain, value);
    values.push(value);
    assert.equal(chains.last(chain), value);
  }
  for (const { chain, values } of lists) assert.deepEqual(valuesOf(chains, chain), values);
  assert.equal(chains.last(chains.add()), 0);
});

it("a list shortened to any length goes on as if it had never been longer", () => {
  for (const full of [1, 2, 3, 4, 7, 8, 15, 16, 8191, 8192, 12_287, 12_288, 13_000]) {
    for (const kept of [0, 1, 2, 3, 4, 6, 7, 8, 4095, 8190, 8191, 8192, 12_287].filter(
      (size) => size <= full,
    )) {
      const chains = new Chains();
      const chain = chains.add();
      for (let i = 1; i <= full; i++) chains.append(chain, i);
      const values = Array.from({ length: kept }, (_, i) => i + 1);
      chains.shorten(chain, Uint32Array.from(values));
      assert.deepEqual(valuesOf(chains, chain), values);
      for (let i = 0; i < 20; i++) {
        chains.append(chain, 100_000 + i);
        values.push(100_000 + i);
      }
      assert.deepEqual(valuesOf(chains, chain), values, `${full} to ${kept}`);
    }
  }
});

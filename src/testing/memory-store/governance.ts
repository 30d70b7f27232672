import assert from "node:assert/strict";
import { CHAIN_START, chainHash } from "../../core/hash-chain.ts";
import { batch, type Case, entry, memory, NOW, newBank } from "./fixtures.ts";

export const governanceCases: Case[] = [
  {
    name: "grants are set, replaced and removed, each bank its own",
    async run({ store, reopen }) {
      const { governance } = store;
      await governance.setGrant("bank", "user:bob", ["read"], entry("bank"));
      await governance.setGrant("bank", "*", ["read"], entry("bank"));
      await governance.setGrant("bank", "user:bob", ["read", "write"], entry("bank"));
      await governance.setGrant("other", "user:bob", ["admin"], entry("other"));
      await governance.removeGrant("bank", "*", entry("bank"));
      await governance.removeGrant("bank", "user:none", entry("bank"));
      const again = await reopen();
      assert.deepEqual(await again.governance.grants("bank"), [
        { principal: "user:bob", permissions: ["read", "write"] },
      ]);
      assert.equal((await again.audit.read(0, 10)).length, 6);
    },
  },
  {
    name: "holds are set and removed",
    async run({ store }) {
      const { governance } = store;
      const hold = { holdId: "h1", bankId: "bank", reason: "case 7", setBy: "user:anna", setAt: NOW };
      await governance.setHold(hold, entry("bank"));
      await governance.setHold({ ...hold, holdId: "h2", setAt: NOW + 1 }, entry("bank"));
      assert.equal(await governance.removeHold("bank", "h2", entry("bank")), true);
      assert.equal(await governance.removeHold("bank", "h2", entry("bank")), false);
      assert.equal(await governance.removeHold("other", "h1", entry("other")), false);
      assert.deepEqual(await governance.holds("bank"), [hold]);
      assert.deepEqual(await governance.holds("other"), []);
    },
  },
  {
    name: "a counter never passes its limit, however many count at once",
    async run({ store, reopen }) {
      const consume = (amount = 1, window = 1000) => store.governance.consume("calls", window, amount, 20);
      const answers = await Promise.all(Array.from({ length: 50 }, () => consume()));
      assert.equal(answers.filter(({ allowed }) => allowed).length, 20);
      assert.deepEqual(await consume(), { allowed: false, used: 20 });
      assert.deepEqual(await consume(0), { allowed: true, used: 20 });
      assert.deepEqual(await consume(15, 2000), { allowed: true, used: 15 });
      assert.deepEqual(await consume(6, 2000), { allowed: false, used: 15 });
      assert.deepEqual(await store.governance.consume("other", 2000, 3, 20), { allowed: true, used: 3 });
      const again = await reopen();
      assert.deepEqual(await again.governance.consume("calls", 2000, 5, 20), { allowed: true, used: 20 });
    },
  },
];

export const auditCases: Case[] = [
  {
    name: "the audit is one unbroken chain, in order, over restarts",
    async run({ store, reopen }) {
      await newBank(store);
      const facts = { count: 2, nested: { b: [1], a: null } };
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.memories.write(batch([memory(`m${i}`)], { audit: [{ ...entry("bank", `op${i}`), facts }] })),
        ),
      );
      await store.audit.append([entry("other", "one"), entry("other", "two")]);
      const again = await reopen();
      await again.audit.append([entry("bank", "last")]);
      const rows = await again.audit.read(0, 100);
      assert.equal(rows.length, 23);
      let previous = CHAIN_START;
      for (const [i, { seq, previousHash, hash, ...rest }] of rows.entries()) {
        assert.equal(seq, i + 1);
        assert.equal(previousHash, previous);
        assert.equal(hash, chainHash(previous, rest));
        previous = hash;
      }
      assert.deepEqual(rows[0]?.facts, facts);
    },
  },
  {
    name: "the audit pages by number and by bank",
    async run({ store }) {
      await store.audit.append(["a", "b", "a", "a"].map((bankId, i) => entry(bankId, `op${i}`)));
      const seqs = async (...args: Parameters<typeof store.audit.read>) =>
        (await store.audit.read(...args)).map(({ seq }) => seq);
      assert.deepEqual(await seqs(0, 2), [1, 2]);
      assert.deepEqual(await seqs(2, 10), [3, 4]);
      assert.deepEqual(await seqs(0, 10, "a"), [1, 3, 4]);
      assert.deepEqual(await seqs(1, 1, "a"), [3]);
      assert.deepEqual(await seqs(0, 10, "none"), []);
    },
  },
];

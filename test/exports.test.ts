import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { test } from "node:test";
import { entries, ROOT } from "./docs.fixture.ts";

type Declared = { file: string; name: string };

const DECLARATION = /^export (?:abstract )?(?:async )?(?:function\*?|class|const|type|interface) (\w+)/gm;
const REEXPORT = /^export (?:type )?(?:\*|\{([^}]*)\}) from "([^"]+)"/gm;

test("everything public says what it means", () => {
  const untold = Object.values(entries()).flatMap((entry) => {
    const declared = [...exportsOf(entry).values()];
    assert.ok(declared.length > 0, `${entry} exports nothing`);
    return declared.filter((one) => !isTold(one)).map(({ file, name }) => `${relative(ROOT, file)}: ${name}`);
  });
  assert.deepEqual([...new Set(untold)].sort(), []);
});

/** Public names of a module, and where each is declared. */
function exportsOf(file: string): Map<string, Declared> {
  const source = readFileSync(file, "utf8");
  const found = new Map<string, Declared>();
  for (const [, list, path] of source.matchAll(REEXPORT)) {
    const inner = exportsOf(resolve(dirname(file), path!));
    for (const [from, to] of list === undefined
      ? [...inner.keys()].map((name) => [name, name])
      : named(list)) {
      const declared = inner.get(from!);
      assert.ok(declared, `${file} exports ${from}, which ${path} does not have`);
      found.set(to!, declared);
    }
  }
  for (const [, name] of source.matchAll(DECLARATION)) found.set(name!, { file, name: name! });
  return found;
}

/** `type A, B as C` → A as A, B as C. */
function named(list: string): string[][] {
  const parts = list.split(",").map((part) => part.trim().replace(/^type /, ""));
  return parts
    .filter((part) => part !== "")
    .map((part) => part.split(" as "))
    .map(([from, to = from]) => [from!, to!]);
}

function isTold({ file, name }: Declared): boolean {
  const source = readFileSync(file, "utf8");
  const at = [...source.matchAll(DECLARATION)].find(([, found]) => found === name)!.index;
  return /\*\/\s*$/.test(source.slice(0, at));
}

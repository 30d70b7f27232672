import assert from "node:assert/strict";
import { it } from "node:test";
import { stem } from "./stem.ts";
import { analyse, tokenise } from "./text.ts";

const TOKENS: Record<string, string> = {
  "": "",
  " \n\0…—!": "",
  "Hello, World": "hello world",
  "Crème BRÛLÉE, naïve Zoë, Łódź, Straße, İstanbul": "creme brulee naive zoe lodz strasse istanbul",
  "e-mail and GPT-4": "email e mail and gpt4 gpt 4",
  "GPT4 email": "gpt4 email",
  "C++, C#, F# and x++y": "c++ c# f# and x y",
  "Anna's, O'Brien’s, don't": "anna obrien dont",
  "1,000 or 3.5 or 1,2,3 or $1,200.50": "1000 or 3.5 or 1 2 3 or 1200.50",
  "2024-01-15 4pm": "20240115 2024 01 15 4pm",
  "anna@example.com": "anna example com",
  東京タワー: "東京 京タ タワ ワー",
  "水 and 火": "水 and 火",
  "ガム ﾊﾝ": "ガム ハン",
  한국어: "한국 국어",
  "हिन्दी में": "हिन्दी में",
  "Привет, ёлка": "привет елка",
  "ﬁne ＡＢＣ": "fine abc",
  "😀 ok 👍🏽": "ok",
  𠮷野家: "𠮷野 野家",
};

it("words are folded; compounds, numbers and names of languages stay findable", () => {
  for (const [text, tokens] of Object.entries(TOKENS)) assert.equal(tokenise(text).join(" "), tokens, text);
});

it("no word is longer than 64 characters", () => {
  assert.deepEqual(
    tokenise("x".repeat(100_000)).map(({ length }) => length),
    [64],
  );
});

it("terms lack stop words and endings; irregular forms meet their base", () => {
  assert.deepEqual(analyse("I was moving to the houses"), ["move", "hous"]);
  assert.deepEqual(analyse("What did she buy? She bought children's shoes"), ["bui", "bui", "child", "shoe"]);
  assert.deepEqual(analyse("who is it"), []);
});

it("a question and a text with other forms of its words share all terms", () => {
  const pairs = [
    ["moving", "moved"],
    ["relational", "relations"],
    ["generalizations", "generalization"],
    ["went", "going"],
    ["happiness", "happy"],
    ["allergies", "allergy"],
    ["resident", "residence"],
  ];
  for (const [a, b] of pairs) assert.deepEqual(analyse(a!), analyse(b!), `${a} ${b}`);
});

it("stems are those of Porter's published vocabulary", () => {
  const expected =
    `caresses:caress ponies:poni ties:ti caress:caress cats:cat feed:feed agreed:agre plastered:plaster bled:bled
    motoring:motor sing:sing conflated:conflat troubled:troubl sized:size hopping:hop tanned:tan falling:fall
    hissing:hiss fizzed:fizz failing:fail filing:file happy:happi sky:sky relational:relat conditional:condit
    rational:ration valenci:valenc digitizer:digit conformabli:conform radicalli:radic differentli:differ
    vileli:vile analogousli:analog vietnamization:vietnam predication:predic operator:oper feudalism:feudal
    decisiveness:decis hopefulness:hope callousness:callous formaliti:formal sensitiviti:sensit sensibiliti:sensibl
    triplicate:triplic formative:form formalize:formal electriciti:electr electrical:electr hopeful:hope
    goodness:good revival:reviv allowance:allow inference:infer airliner:airlin gyroscopic:gyroscop
    adjustable:adjust defensible:defens irritant:irrit replacement:replac adjustment:adjust dependent:depend
    adoption:adopt homologou:homolog communism:commun activate:activ angulariti:angular homologous:homolog
    effective:effect bowdlerize:bowdler probate:probat rate:rate cease:ceas controll:control roll:roll
    yes:ye by:by saying:sai toy:toi`.split(/\s+/);
  for (const pair of expected) {
    const [word, wanted] = pair.split(":");
    assert.equal(stem(word!), wanted, word);
  }
});

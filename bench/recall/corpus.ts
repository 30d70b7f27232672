/** Short memories of people, from one seed: the same file for everyone who runs the bench. */

const PEOPLE = words(
  "Anna Ben Clara David Elena Femi Grace Hugo Irina Jonas Karim Lena Mateo Nora Omar Priya Quinn Rosa Sven Tara Umar Vera Wei Xenia Yusuf Zoe",
);
const PLACES = words(
  "Lisbon Berlin Nairobi Kyoto Oslo Quito Austin Mumbai Dublin Seoul Vienna Lagos Porto Lyon Tallinn Cusco Perth Turin Bergen Ghent",
);
const THINGS = words(
  "guitar invoice passport bicycle router garden telescope sofa kettle ladder violin drone blanket camera notebook tent lamp printer canoe charger dishwasher backpack helmet mirror piano rug saddle scarf skateboard stove suitcase tablet thermostat toaster tripod umbrella vase wardrobe wallet whistle",
);
const TOPICS = words(
  "allergy insurance birthday holiday mortgage contract surgery wedding exam interview marathon recipe subscription refund delivery appointment diet training concert meeting budget visa warranty upgrade moving adoption fishing pottery chess gardening painting swimming climbing astronomy baking carpentry photography",
);
const VERBS = words(
  "bought sold repaired lost found borrowed returned ordered cancelled praised forgot painted packed cleaned hid measured",
);
const FEELINGS = words("happy worried curious annoyed proud relieved nervous grateful tired excited");
const DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");

const SENTENCES: Array<(pick: Pick) => string> = [
  (p) => `${p(PEOPLE)} ${p(VERBS)} a ${p(THINGS)} in ${p(PLACES)} on ${p(DAYS)}.`,
  (p) => `I told ${p(PEOPLE)} about the ${p(TOPICS)} and felt ${p(FEELINGS)} afterwards.`,
  (p) => `The ${p(THINGS)} from ${p(PLACES)} needs a new part before the ${p(TOPICS)}.`,
  (p) => `${p(PEOPLE)}'s ${p(TOPICS)} is on ${p(DAYS)}, and ${p(PEOPLE)} brings the ${p(THINGS)}.`,
  (p) => `We talked about ${p(TOPICS)} and ${p(TOPICS)} while ${p(PEOPLE)} ${p(VERBS)} the ${p(THINGS)}.`,
  (p) =>
    `My ${p(THINGS)} number is ${p(TOPICS).length}${p(THINGS).length}${p(PLACES).length}, ask ${p(PEOPLE)} in ${p(PLACES)}.`,
];

const QUESTIONS: Array<(pick: Pick) => string> = [
  (p) => `What did ${p(PEOPLE)} do with the ${p(THINGS)}?`,
  (p) => `When is the ${p(TOPICS)} and who brings the ${p(THINGS)}?`,
  (p) => `How did I feel about the ${p(TOPICS)}?`,
  (p) => `Where is the ${p(THINGS)} from ${p(PLACES)}?`,
  (p) => `Who was in ${p(PLACES)} on ${p(DAYS)}?`,
];

type Pick = (from: string[]) => string;

export function memoryTexts(count: number, seed = 1): string[] {
  const random = generator(seed);
  const pick: Pick = (from) => from[Math.floor(random() * from.length)]!;
  return Array.from({ length: count }, (_, i) => SENTENCES[i % SENTENCES.length]!(pick));
}

export function questionTexts(count: number, seed = 2): string[] {
  const random = generator(seed);
  const pick: Pick = (from) => from[Math.floor(random() * from.length)]!;
  return Array.from({ length: count }, (_, i) => QUESTIONS[i % QUESTIONS.length]!(pick));
}

/** Mulberry32: 0 to 1, the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function words(text: string): string[] {
  return text.split(" ");
}

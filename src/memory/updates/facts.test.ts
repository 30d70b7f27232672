import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { contradicts, recogniseFacts, restates } from "./facts.ts";

/** Older statement, newer statement; the newer one replaces the older. */
const REPLACES: Array<[string, string]> = [
  ["I live in Berlin", "I moved to Lisbon"],
  ["I live in Berlin.", "I've just moved to Lisbon!"],
  ["I'm based in Munich", "We moved to Porto last month"],
  ["i live in berlin", "i live in lisbon now"],
  ["My home city is Paris", "I'm living in Rome these days"],
  ["I live in Berlin with my sister", "Hi! Yes, I relocated to New York in March. How are you?"],
  ["I live in Berlin", "I don't live in Berlin anymore"],
  ["Anna lives in Oslo", "Anna has moved to Bergen"],
  ["User lives in Oslo", "The user moved to Bergen"],
  ["my plan is free", "upgraded my plan to pro"],
  ["My plan is free", "I upgraded to pro"],
  ["I'm on the free plan", "We talked. I switched to the enterprise plan."],
  ["Anna's plan is basic", "Anna's plan is now premium"],
  ["My subscription is premium", "I downgraded from premium to basic"],
  ["I'm on the pro plan", "I went back to the free plan"],
  ["My billing cycle is monthly", "I switched to annual billing"],
  ["My favourite colour is blue", "My favorite color is now green"],
  ["my favourite colour is blue", "my favourite colour has changed to green"],
  ["My favorite food is pizza", "My favourite food is ramen these days"],
  ["Anna works at Acme", "Anna joined Globex"],
  ["I work at Acme", "I started a new job at Globex"],
  ["I work for Acme as a designer", "I left Acme for Initech"],
  ["I'm working at Acme", "I no longer work at Acme"],
  ["I work at Acme", "I quit Acme"],
  ["i work at google", "i work at microsoft now"],
  ["My employer is Acme", "I work for Initech now"],
  ["I joined Acme", "I got a job at Globex"],
  ["I'm a nurse", "I'm now a teacher"],
  ["I work as a waiter", "I work as a software engineer"],
  ["My job title is product manager", "I got promoted to CTO"],
  ["Anna is a designer", "Anna became a product manager"],
  ["I'm vegetarian", "I eat meat again"],
  ["I'm a vegetarian", "I'm vegan now"],
  ["I'm vegan", "I'm no longer vegan"],
  ["I'm vegetarian", "I started eating meat again"],
  ["I eat meat", "I went vegan"],
  ["I eat meat", "I don't eat meat anymore"],
  ["I eat meat", "I stopped eating meat"],
  ["I smoke", "I quit smoking"],
  ["I don't smoke", "I started smoking again"],
  ["I drink alcohol", "I stopped drinking"],
  ["I'm single", "I got married"],
  ["I'm engaged", "I'm married now"],
  ["I'm married", "I got divorced last year"],
  ["Anna is single", "Anna got engaged to Tom"],
  ["My phone number is +49 30 1234567", "My new phone number is +351 21 7654321"],
  ["My mobile is 0151 2345678", "My phone number changed to 0172 9876543"],
  ["My work phone is 030 111222", "My work phone is now 030 333444"],
  ["My email is anna@old.example", "My email address is anna@new.example"],
  ["My email is anna@old.example", "I changed my email to anna@new.example"],
  ["My address is 12 Main Street, Springfield", "My address is now 7 Oak Avenue, Shelbyville"],
  ["My shipping address is 12 Main Street", "I updated my shipping address to 7 Oak Avenue"],
  ["I live at 12 Main Street", "I moved to 7 Oak Avenue"],
  ["My name is Anna Schmidt", "My name is now Anna Weber"],
  ["My last name is Schmidt", "My last name changed to Weber"],
  ["I go by Annie", "I go by Ann now"],
  ["I'm 34 years old", "I turned 35 yesterday"],
  ["My birthday is on 4 May", "Correction: my birthday is on 5 May"],
  ["My preferred language is German", "I prefer to speak English"],
  ["I prefer speaking German", "My language is English now"],
  ["My time zone is CET", "My timezone is now PST"],
  ["My time zone is Europe/Berlin", "My time zone is Europe/Lisbon"],
  ["I prefer to be contacted by email", "I prefer to be contacted by phone"],
  ["I prefer window seats", "I prefer aisle seats now"],
  ["I prefer morning appointments", "I prefer evening appointments"],
  ["My dog is called Rex", "My dog's name is Bello"],
  ["My manager is Bob", "My new manager is Carol"],
  ["My doctor is Dr. Klein", "My doctor is now Dr. Gross"],
  ["I drive a Golf", "I drive a Tesla now"],
  ["I study at Harvard", "I transferred to Stanford"],
  ["I weigh 82 kg", "I weigh 78 kg"],
  ["I have two kids", "I have three kids now"],
  ["I like sushi", "I don't like sushi anymore"],
  ["I love coffee", "I stopped liking coffee"],
  ["I'm allergic to peanuts", "I'm not allergic to peanuts"],
  ["I prefer tea over coffee", "I prefer coffee over tea"],
  ["My appointment is on Monday at 3", "My appointment has been moved to Tuesday at 4"],
  ["My budget is 500 euros", "My budget is now 800 euros"],
  ["My bank is Sparkasse", "My bank is now Comdirect"],
  ["I don't live in Lisbon", "I moved to Lisbon"],
  ["My plan is free", "By the way, I'm on the pro plan now, thanks to my boss"],
  ["I live in Berlin and I work at Acme", "I moved to Lisbon"],
  ["I live in Munich", "I live in Berlin, not in Munich"],
  ["I prefer to be contacted by phone", "I prefer to be contacted by email, not by phone"],
  ["my dog is called rex", "my dog is called bello"],
  ["I don't work at Acme", "I'm working at Acme again"],
  ["My plan is pro", "My plan is no longer pro"],
];

/** Both stay true, or it cannot be told: nothing is replaced. */
const STAYS: Array<[string, string]> = [
  ["I live in Berlin", "I lived in Lisbon as a child"],
  ["I live in Berlin", "I used to live in Lisbon"],
  ["I live in Berlin", "I might move to Lisbon"],
  ["I live in Berlin", "I want to move to Lisbon"],
  ["I live in Berlin", "I'm moving to Lisbon next year"],
  ["I live in Berlin", "If I moved to Lisbon, I would be happy"],
  ["I live in Berlin", "I'm visiting Lisbon"],
  ["I live in Berlin", "I'm living in Lisbon for the summer"],
  ["I live in Berlin", "Do you think I live in Lisbon?"],
  ["I live in Berlin", "Tom said I moved to Lisbon"],
  ["I live in Berlin", "Bob moved to Lisbon"],
  ["I live in Berlin", "My sister lives in Lisbon"],
  ["I live in Berlin", "My sister moved to Lisbon"],
  ["I live in Berlin", "I live in Berlin Mitte"],
  ["I live in Berlin", "I don't live in Lisbon anymore"],
  ["I live in Berlin", "The meeting moved to Tuesday"],
  ["I live in Berlin", "I moved to marketing"],
  ["I live in Berlin", "I moved to Linux"],
  ["I live in Berlin", "I live in fear"],
  ["I live in Berlin", "I visited Lisbon"],
  ["I live in Berlin", "I work at Lisbon Bank"],
  ["I live in Berlin", "I love Lisbon"],
  ["I live in Berlin", "I live in a small flat"],
  ["I live in Berlin", "In the novel, I moved to Lisbon"],
  ["I live in Berlin", 'He wrote "I moved to Lisbon"'],
  ["I live in Berlin", "I moved to the next question"],
  ["I live in Berlin", "I live in Berlin and London"],
  ["My plan is free", "My plan is to travel"],
  ["My plan is free", "I'm thinking of upgrading to pro"],
  ["My plan is free", "Should I upgrade to pro?"],
  ["My plan is free", "I'm on the team"],
  ["My plan is free", "Bob's plan is pro"],
  ["My plan is free", "I upgraded to the latest version"],
  ["My plan is free", "I upgraded to Windows 11"],
  ["My favourite colour is blue", "My favourite food is green curry"],
  ["My favourite colour is blue", "One of my favourite colours is green"],
  ["My favourite colour is blue", "My car is green"],
  ["My favourite film is Alien", "My favourite band is Muse"],
  ["Anna works at Acme", "Bob joined Globex"],
  ["Anna works at Acme", "Anna used to work at Globex"],
  ["Anna works at Acme", "Anna works at home"],
  ["Anna works at Acme", "Anna works from home"],
  ["Anna works at Acme", "Anna joined Bob for lunch"],
  ["Anna works at Acme", "Anna joined the call"],
  ["I work at Acme", "I joined LinkedIn"],
  ["I work at Acme", "I work as a nurse"],
  ["I work at Acme", "I have an interview at Globex"],
  ["I work at Acme", "I left Globex"],
  ["I work at Acme", "I work at Acme Corp"],
  ["I'm a nurse", "I'm a mother"],
  ["I'm a nurse", "I'm a bit tired"],
  ["I'm a nurse", "My wife is a teacher"],
  ["I'm a nurse", "I was a teacher"],
  ["I'm vegetarian", "I don't eat meat"],
  ["I'm vegetarian", "My husband eats meat"],
  ["I'm vegetarian", "I might eat meat"],
  ["I'm vegetarian", "I eat cheese"],
  ["I'm vegetarian", "I eat vegetables"],
  ["I'm vegetarian", "I love vegan food"],
  ["I don't smoke", "My brother smokes"],
  ["I'm single", "I'm engaged in a project"],
  ["I'm married", "I'm single-handedly moving house"],
  ["I'm married", "My sister got divorced"],
  ["My phone number is +49 30 1234567", "My work phone is +49 30 7654321"],
  ["My phone number is +49 30 1234567", "My phone is broken"],
  ["My phone number is +49 30 1234567", "My order number is 7654321"],
  ["My email is anna@old.example", "My work email is anna@work.example"],
  ["My email is anna@old.example", "I wrote to bob@shop.example"],
  ["My shipping address is 12 Main Street", "My billing address is 7 Oak Avenue"],
  ["My name is Anna", "My name is on the list"],
  ["My name is Anna", "My name is misspelled"],
  ["My name is Anna", "My dog's name is Rex"],
  ["My name is Anna", "Call me tomorrow"],
  ["I'm 34 years old", "I'm 5 minutes late"],
  ["I'm 34 years old", "My son is 5 years old"],
  ["My preferred language is German", "I speak English"],
  ["My preferred language is German", "My native language is English"],
  ["I like tea", "I like coffee"],
  ["I love hiking", "I love swimming"],
  ["I like sushi", "I don't like ramen"],
  ["I visited Rome", "I visited Paris"],
  ["I have a dog", "I have a cat"],
  ["I have two dogs", "I have three cats"],
  ["I have two dogs", "I have a dog named Rex"],
  ["My dog is called Rex", "My cat is called Tom"],
  ["My dog is called Rex", "My other dog is called Bello"],
  ["My manager is Bob", "My manager is nice"],
  ["My manager is Bob", "My dentist is Carol"],
  ["My appointment is on Monday at 3", "My appointment is confirmed now"],
  ["My appointment is on Monday at 3", "My appointment is on Thursday at 5"],
  ["I prefer tea over coffee", "I prefer dogs over cats"],
  ["I'm allergic to peanuts", "I'm allergic to cats"],
  ["I'm allergic to peanuts", "I'm not allergic to cats"],
  ["I drive a Golf", "I drive a lot"],
  ["I speak German", "I speak English"],
  ["I study at Harvard", "I study at night"],
  ["My bank is Sparkasse", "My bank is closed now"],
  ["My time zone is CET", "I'm in time"],
  ["My plan is free", "The user's plan is great"],
  ["I live in Berlin", "I live in Berlin, not in Munich"],
  ["I work at Acme", "I joined in"],
  ["I work at Acme", "It was fun, so I joined in"],
  ["I like the plan", "Sounds like a plan, I don't like it"],
  ["I live in Berlin", "We visited friends who moved to Lisbon"],
];

function replaced(older: string, newer: string): boolean {
  const before = recogniseFacts(older, "anna");
  return recogniseFacts(newer, "anna").some((fact) => before.some((other) => contradicts(fact, other)));
}

describe("a changed fact replaces the older one", () => {
  for (const [older, newer] of REPLACES) {
    if (older.startsWith("Anna") || older.startsWith("User")) continue;
    test(`${older} → ${newer}`, () => assert.equal(replaced(older, newer), true));
  }
  test("about others by name, and about the user", () => {
    const named = REPLACES.filter(([older]) => older.startsWith("Anna") || older.startsWith("User"));
    for (const [older, newer] of named) assert.equal(replaced(older, newer), true, `${older} → ${newer}`);
  });
});

describe("what may be true beside the older fact does not replace it", () => {
  for (const [older, newer] of STAYS) {
    test(`${older} | ${newer}`, () => assert.equal(replaced(older, newer), false));
  }
});

test("the same fact in other words is a restatement", () => {
  const same = (a: string, b: string) =>
    recogniseFacts(b, "anna").some((fact) =>
      recogniseFacts(a, "anna").some((other) => restates(fact, other)),
    );
  assert.equal(same("I live in Berlin", "I'm living in Berlin now"), true);
  assert.equal(same("My dog is called Rex", "My dog's name is Rex"), true);
  assert.equal(same("I live in Berlin", "I live in Berlin and I love it"), false);
  assert.equal(same("I live in Berlin", "I live in Lisbon"), false);
});

test("a machine's own statements are about nobody", () => {
  assert.deepEqual(recogniseFacts("I live in Berlin", undefined), []);
});

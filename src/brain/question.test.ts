import assert from "node:assert/strict";
import { test } from "node:test";
import { liveQuestion } from "./question.ts";

const user = (content: unknown) => ({ role: "user", content }) as Parameters<typeof liveQuestion>[0][number];
const assistant = (content: string) => ({ role: "assistant", content });

test("a question that stands on its own is asked as it is", () => {
  const messages = [user("Hello"), assistant("Hi!"), user("Which car does my sister drive?")];
  assert.equal(liveQuestion(messages), "Which car does my sister drive?");
});

test("a short follow-up is joined with the turns that it leans on", () => {
  const before = [user("Which cars does my sister own?"), assistant("A Volvo and a Fiat.")];
  for (const follow of [
    "And the other one?",
    "Why?",
    "Is it red?",
    "Und das andere?",
    "¿Y el otro?",
    "それは？",
  ])
    assert.equal(
      liveQuestion([...before, user(follow)]),
      `Which cars does my sister own?\nA Volvo and a Fiat.\n${follow}`,
    );
});

test("a chain of follow-ups goes back to the question that began it", () => {
  const messages = [
    user("Which cars does my sister own?"),
    assistant("A Volvo and a Fiat."),
    user("And the other one?"),
    assistant("Red."),
    user("Since when?"),
  ];
  assert.match(liveQuestion(messages), /^Which cars[\s\S]*other one\?\nRed\.\nSince when\?$/);
});

test("pieces of one utterance are one question", () => {
  assert.equal(
    liveQuestion([user("Which car does"), user("my sister drive today?")]),
    "Which car does my sister drive today?",
  );
});

test("parts of a message are read for their text", () => {
  const parts = [
    { type: "image_url", image_url: { url: "x" } },
    { type: "text", text: "What is on the picture there?" },
  ];
  assert.equal(liveQuestion([user(parts)]), "What is on the picture there?");
});

test("what a vendor adds is not what was said", () => {
  const said = "Which car does my sister drive?";
  const forms = [
    `<user_audio_analysis>The user sounds calm.</user_audio_analysis>\n${said}`,
    `<user_appearance>a hat</user_appearance> <user_emotions>joy</user_emotions> <user_screenshare>code</user_screenshare> ${said}`,
    `<emotion value="happy"/> Which car <break time="1s" />does my <speed level="0.8">sister</speed> drive?`,
    `<system-reminder>Answer briefly</system-reminder>${said}`,
  ];
  for (const form of forms) assert.equal(liveQuestion([user(form)]), said);
  const system = { role: "system", content: "Use <emotion value='x'/> tags. Which plan?" };
  assert.equal(liveQuestion([system, user(said), system]), said);
});

test("silence is no question", () => {
  for (const nothing of ["...", "[silence]", "(inaudible)", "", "<user_emotions>calm</user_emotions>", null])
    assert.equal(liveQuestion([user(nothing)]), "");
  assert.equal(liveQuestion([{ role: "system", content: "Greet the person." }]), "");
  const messages = [user("Which car does my sister drive?"), assistant("A Volvo."), user("...")];
  assert.equal(liveQuestion(messages), "Which car does my sister drive?");
});

test("hostile lengths cost little and give little", () => {
  const open = "<user_a>".repeat(100_000);
  assert.ok(liveQuestion([user(`${open} which car does my sister drive?`)]).length <= 1_000);
  assert.ok(liveQuestion([user("word ".repeat(200_000))]).length <= 1_000);
});

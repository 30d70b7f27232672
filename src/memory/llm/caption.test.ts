import assert from "node:assert/strict";
import { test } from "node:test";
import { MultimodalNotSupported } from "../../core/errors.ts";
import { createScriptedLLM } from "../../testing/scripted-llm.ts";
import { captionParts } from "./caption.ts";
import type { ContentPart } from "./provider.ts";

const PARTS: ContentPart[] = [
  { type: "text", text: "Her new dog:" },
  { type: "image_url", url: "https://x.test/dog.png" },
  { type: "audio_base64", mimeType: "audio/wav", base64Data: "AAAA" },
];

test("parts become text in order, text parts as they are", async () => {
  const llm = createScriptedLLM({
    modalities: ["image", "audio"],
    reply: ([message]) =>
      JSON.stringify(message).includes("dog.png") ? "A brown dog on grass. " : "Woof [barking]",
  });
  assert.equal(
    await captionParts(PARTS, llm),
    "Her new dog:\n\n[image] A brown dog on grass.\n\n[audio] Woof [barking]",
  );
  assert.equal(llm.calls.length, 2);
});

test("a modality that the model lacks stops it before anything is sent", async () => {
  const llm = createScriptedLLM({ modalities: ["image"], replies: ["a dog"] });
  await assert.rejects(captionParts(PARTS, llm), MultimodalNotSupported);
  await assert.rejects(captionParts(PARTS, undefined), MultimodalNotSupported);
  assert.equal(llm.calls.length, 0);
  assert.equal(await captionParts(PARTS.slice(0, 1), undefined), "Her new dog:");
});

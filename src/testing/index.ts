export { silentLogger } from "../core/telemetry.ts";
export {
  type AnamFaults,
  type AnamMessage,
  type AnamSimulatedSession,
  type AnamSimulator,
  createAnamSimulator,
} from "../presentation/anam/simulator.ts";
export { FakeAnamClient } from "../presentation/anam/simulator-page.ts";
export {
  createDIdSimulator,
  type DIdFaults,
  type DIdLeft,
  type DIdSimulator,
  type DIdSimulatorOptions,
  type DIdTiming,
} from "../presentation/d-id/simulator.ts";
export {
  createElevenLabsSimulator,
  type ElevenLabsCaller,
  type ElevenLabsFaults,
  type ElevenLabsJoinOptions,
  type ElevenLabsLeft,
  type ElevenLabsPerson,
  type ElevenLabsSimulator,
  type ElevenLabsSimulatorOptions,
  type ElevenLabsTiming,
  signElevenLabsWebhook,
} from "../presentation/elevenlabs/simulator.ts";
export { FakeElevenLabsPage } from "../presentation/elevenlabs/simulator-page.ts";
export {
  createLiveAvatarSimulator,
  type LiveAvatarLeft,
  type LiveAvatarPerson,
  type LiveAvatarSimulator,
  type LiveAvatarSimulatorOptions,
  type LiveAvatarSwitches,
} from "../presentation/liveavatar/simulator.ts";
export {
  createLiveKitSimulator,
  type LiveKitSimulator,
  type RoomOptions,
  type SimulatedRoom,
} from "../presentation/simulator-livekit.ts";
export type { Peer, PeerListener } from "../presentation/simulator-livekit-peer.ts";
export { FakeLiveKitRoom } from "../presentation/simulator-livekit-room.ts";
export {
  askCustomLlm,
  openAiSlot,
  type SimulatedLlmCall,
  type SimulatedThought,
} from "../presentation/simulator-llm.ts";
export {
  type SimulatedAnswer,
  type SimulatedCall,
  type SimulatedOutcome,
  type SimulatorServer,
  startSimulatorServer,
} from "../presentation/simulator-server.ts";
export {
  createTavusSimulator,
  type TavusFaults,
  type TavusLeft,
  type TavusPerson,
  type TavusSimulator,
  type TavusSimulatorOptions,
} from "../presentation/tavus/simulator.ts";
export { FakeDailyCall } from "../presentation/tavus/simulator-daily.ts";
export {
  createTwilioSimulator,
  type PhoneCall,
  type TwilioNumber,
  type TwilioSimulator,
  type TwilioSimulatorOptions,
} from "../presentation/twilio/simulator.ts";
export type { TwilioFaults } from "../presentation/twilio/simulator-rest.ts";
export type { TwilioError, TwilioSwitches } from "../presentation/twilio/simulator-world.ts";
export { BRIEFING, bindingFor, CLIENT_TOOL, personaFor, SERVER_TOOL } from "./adapter/samples.ts";
export { type AdapterHarness, adapterContract, type SimulatedVendor } from "./adapter-contract.ts";
export { type ComposerStoreHarness, composerStoreContract } from "./composer-store-contract.ts";
export { FakeClock } from "./fake-clock.ts";
export { memoryStoreContract } from "./memory-store-contract.ts";
export { type OpenAISimulator, startOpenAISimulator } from "./openai-simulator.ts";
export { ScriptedAdapter } from "./scripted-adapter.ts";
export { createScriptedLLM, type ScriptedLLM, type ScriptedLLMOptions } from "./scripted-llm.ts";

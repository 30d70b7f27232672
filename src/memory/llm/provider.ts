/** The LLM Provider SPI: two verbs, `complete()` and `embed()`. A vendor's voice or video API is never one. */

export type ContentPart =
  | { type: "text"; text: string }
  | { type: "image_url"; url: string; detail?: "auto" | "low" | "high" }
  | { type: "image_base64"; mimeType: string; base64Data: string }
  | { type: "audio_url"; url: string }
  | { type: "audio_base64"; mimeType: string; base64Data: string }
  | { type: "document_url"; url: string };

/** Kinds of content besides which nothing is sent. */
export type Modality = "text" | "image" | "audio" | "document";

/** A tool that the model wants run. */
export type ToolCall = {
  id: string;
  name: string /** JSON text as the model wrote it. */;
  arguments: string;
};

/** One message of a conversation with a model. */
export type Message = {
  role: "system" | "user" | "assistant" | "tool";
  content: string | ContentPart[];
  name?: string;
  toolCalls?: ToolCall[];
  toolCallId?: string;
};

/** A tool that the model may call. */
export type ToolSpec = {
  name: string;
  description: string /** JSON Schema object. */;
  parameters: Record<string, unknown>;
};

/** How one completion is asked for. */
export type CompleteOptions = {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  stop?: string[];
  tools?: ToolSpec[];
  /** Asks for one JSON object as the answer. */
  json?: boolean;
  /** Milliseconds for the whole call; the provider's own default when absent. */
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** Tokens as the provider counted them. */
export type Usage = { inputTokens: number; outputTokens: number };

/** Why the model stopped. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "other";

/** A whole answer. */
export type Completion = {
  text: string;
  toolCalls: ToolCall[];
  finishReason: FinishReason;
  usage: Usage;
  model: string;
};

/** A piece of a streamed answer; `finish` comes last, once. */
export type CompletionChunk =
  | { type: "text"; text: string }
  | { type: "tool_call"; toolCall: ToolCall }
  | { type: "finish"; finishReason: FinishReason; usage: Usage; model: string };

/** `timeoutMs` is for the whole call; the provider's own default when absent. */
export type EmbedOptions = { timeoutMs?: number; signal?: AbortSignal };

/** Declared data: what is not here is refused before anything is sent. */
export type LLMCapabilities = {
  completion: boolean;
  embedding: boolean;
  /** What `complete` takes in a message besides text. */
  modalitiesSupported: Modality[];
  supportsMultimodalCompletion: boolean;
  supportsMultimodalEmbedding: boolean;
};

/** A model, or several under one name. What it lacks it declares in `capabilities`, and refuses. */
export type LLMProvider = {
  readonly name: string;
  /** Identity of the vectors: provider, model and version. Vectors of two identities never mix in a bank. */
  readonly embeddingModel: string;
  capabilities(): LLMCapabilities;
  /** Errors: `llm_failed`, `llm_unavailable`, `llm_timeout`, `circuit_open`, `multimodal_not_supported`, `not_supported`. */
  complete(messages: Message[], options?: CompleteOptions): Promise<Completion>;
  /** One unit-length vector a text, all of one size. */
  embed(texts: string[], options?: EmbedOptions): Promise<Float32Array[]>;
  stream?(messages: Message[], options?: CompleteOptions): AsyncIterable<CompletionChunk>;
  embedMultimodal?(parts: ContentPart[][], options?: EmbedOptions): Promise<Float32Array[]>;
  /** Loads what the first call would load, where that takes long. */
  warm?(): Promise<void>;
  close?(): Promise<void>;
};

/**
 * The part of the Vercel AI SDK's model specification that we speak, versions 2 to 4 (`ai` 5 to 7), written
 * down here so that neither `ai` nor `@ai-sdk/provider` has to be installed.
 */
export type AiLanguageModel = {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: never): PromiseLike<AiGenerateResult>;
  doStream(options: never): PromiseLike<{ stream: AiStream }>;
};

export type AiEmbeddingModel = {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall?: PromiseLike<number | undefined> | number | undefined;
  doEmbed(options: never): PromiseLike<{ embeddings: number[][]; usage?: { tokens: number } | undefined }>;
};

export type AiGenerateResult = {
  content: Array<{ type: string }>;
  finishReason: AiFinishReason;
  usage: AiUsage;
  response?: { modelId?: string | undefined } | undefined;
};

export type AiStreamPart = { type: string };
export type AiStream = ReadableStream<AiStreamPart> | AsyncIterable<AiStreamPart>;

/** A word in version 2, an object since. */
export type AiFinishReason = string | { unified: string };

type AiTokens = number | { total: number | undefined } | undefined;
export type AiUsage = { inputTokens: AiTokens; outputTokens: AiTokens };

export type AiText = { type: "text"; text: string };
export type AiToolCall = { type: "tool-call"; toolCallId: string; toolName: string; input: unknown };
export type AiFile = { type: "file"; mediaType: string; data: unknown };
export type AiToolResult = {
  type: "tool-result";
  toolCallId: string;
  toolName: string;
  output: { type: "text"; value: string };
};

export type AiMessage =
  | { role: "system"; content: string }
  | { role: "user"; content: Array<AiText | AiFile> }
  | { role: "assistant"; content: Array<AiText | AiToolCall> }
  | { role: "tool"; content: AiToolResult[] };

export type AiCallOptions = {
  prompt: AiMessage[];
  maxOutputTokens?: number;
  temperature?: number;
  stopSequences?: string[];
  responseFormat?: { type: "json" };
  tools?: Array<{
    type: "function";
    name: string;
    description: string;
    inputSchema: Record<string, unknown>;
  }>;
  abortSignal: AbortSignal;
};

/* What of the vendors' own libraries is used. The page brings them: they are no dependencies of ours. */

/** The part of Daily's call object that is used. */
export type DailyCall = {
  join(options: { url: string; token?: string }): Promise<unknown>;
  leave(): Promise<unknown>;
  meetingState(): string;
  sendAppMessage(data: unknown, to: string): unknown;
  participants?(): Record<string, { user_id?: string; local?: boolean }>;
  on(name: string, listener: (event: Record<string, unknown>) => void): unknown;
  off(name: string, listener: (event: Record<string, unknown>) => void): unknown;
};

/** The part of livekit-client's `Room` that is used. */
export type LiveKitRoom = {
  readonly state: string;
  connect(url: string, token: string): Promise<void>;
  disconnect(): Promise<void>;
  on(name: "dataReceived", listener: LiveKitData): unknown;
  on(name: "disconnected", listener: LiveKitGone): unknown;
  off(name: "dataReceived", listener: LiveKitData): unknown;
  off(name: "disconnected", listener: LiveKitGone): unknown;
  registerRpcMethod(method: string, handler: (call: LiveKitRpc) => Promise<string>): void;
  unregisterRpcMethod(method: string): void;
  readonly localParticipant: {
    publishData(
      data: Uint8Array<ArrayBuffer>,
      options: { reliable: boolean; topic: string },
    ): Promise<unknown>;
    sendText(text: string, options: { topic: string }): Promise<unknown>;
  };
};

/** A data packet. */
export type LiveKitData = (payload: Uint8Array, from?: unknown, kind?: unknown, topic?: string) => void;
/** With LiveKit's `DisconnectReason`. */
export type LiveKitGone = (reason?: number) => void;
/** A call of a method that the page registered; `payload` is JSON text. */
export type LiveKitRpc = { requestId: string; payload: string };

/** The part of @elevenlabs/client that is used. */
export type ElevenLabsStarter = {
  startSession(options: ElevenLabsOptions): Promise<ElevenLabsConversation>;
};

/** A running conversation. */
export type ElevenLabsConversation = {
  getId(): string;
  endSession(): Promise<void>;
  sendContextualUpdate(text: string): void;
  sendUserMessage(text: string): void;
};

/** By the conversation's own WebSocket, or by ElevenLabs's LiveKit. */
export type ElevenLabsWayIn =
  | { signedUrl: string; connectionType: "websocket" }
  | { conversationToken: string; connectionType: "webrtc"; livekitUrl: string };

/** What a conversation is started with: the way in, the session's own data, and who listens. */
export type ElevenLabsOptions = ElevenLabsWayIn & {
  overrides?: {
    /** `language` is one of ElevenLabs's codes, which are theirs to list. */
    agent?: { firstMessage?: string; language?: never };
    tts?: { voiceId?: string };
  };
  customLlmExtraBody?: unknown;
  dynamicVariables?: Record<string, string | number | boolean>;
  userId?: string;
  clientTools: Record<string, (parameters: unknown) => Promise<string>>;
  onIncomingEvent(event: Record<string, unknown>): void;
  onDisconnect(details: { reason: string; context?: { type: string } }): void;
};

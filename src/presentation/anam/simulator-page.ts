import { EventEmitter, once } from "node:events";
import { WebSocket } from "ws";
import { asRow, type Row } from "../read.ts";

type Handler = { onStart?(payload: { toolCallId: string; arguments: object }): Promise<string | undefined> };
type Message = { id: string; role: string; content: string; interrupted: boolean };

/** Stands for `AnamClient` of @anam-ai/js-sdk in tests: its calls and events over the simulator, without media. */
export class FakeAnamClient {
  readonly #url: string;
  readonly #token: string;
  readonly #events = new EventEmitter();
  readonly #handlers = new Map<string, Handler>();
  #messages: Message[] = [];
  #socket: WebSocket | undefined;
  #session: Row = {};

  constructor(token: string, url: string) {
    this.#token = token;
    this.#url = url;
  }

  async streamToVideoElement(_id: string): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}` };
    const answer = await fetch(`${this.#url}/v1/engine/session`, { method: "POST", headers });
    if (!answer.ok) throw new Error(`The session was refused: ${answer.status}`);
    this.#session = asRow(await answer.json());
    this.#messages = [];
    const { engineHost, sessionId } = this.#session;
    const socket = new WebSocket(`ws://${String(engineHost)}/data?session_id=${String(sessionId)}`);
    this.#socket = socket;
    socket.on("message", (text) => this.#take(JSON.parse(String(text))));
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#events.emit("CONNECTION_CLOSED", "CONNECTION_CLOSED_CODE_SERVER_CLOSED_CONNECTION");
    });
    await once(socket, "open");
    this.#events.emit("DATA_CHANNEL_OPEN");
  }

  async stopStreaming(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** The connection breaks; Anam may not have noticed. */
  breakOff(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.terminate();
    this.#events.emit("CONNECTION_CLOSED", "CONNECTION_CLOSED_CODE_WEBRTC_FAILURE");
  }

  addListener(event: string, listener: (...told: never[]) => void): void {
    this.#events.on(event, listener as (...told: unknown[]) => void);
  }

  registerToolCallHandler(name: string, handler: Handler): () => void {
    this.#handlers.set(name, handler);
    return () => void this.#handlers.delete(name);
  }

  sendUserMessage(content: string): void {
    this.#send({ message_type: "speech", content });
  }

  addContext(content: string): void {
    this.#send({ message_type: "context", content });
  }

  interruptPersona(): void {
    this.#send({ message_type: "interrupt" });
  }

  async talk(content: string): Promise<void> {
    const { engineHost, sessionId } = this.#session;
    await fetch(`http://${String(engineHost)}/talk?session_id=${String(sessionId)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content }),
    });
  }

  #send(message: Row): void {
    this.#socket?.send(JSON.stringify({ ...message, session_id: this.#session["sessionId"] }));
  }

  #take({ messageType, data }: { messageType: string; data: Row }): void {
    if (messageType === "speechText") this.#say(data);
    if (messageType === "toolCallStarted") void this.#run(data);
  }

  /** As `MessageHistoryClient` does it. */
  #say({ message_id, role, content, end_of_speech, interrupted }: Row): void {
    const id = `${String(role)}::${String(message_id)}`;
    const known = this.#messages.find((message) => message.id === id);
    if (known) {
      known.content += String(content);
      known.interrupted ||= interrupted === true;
    } else
      this.#messages.push({
        id,
        role: String(role),
        content: String(content),
        interrupted: interrupted === true,
      });
    if (end_of_speech === true)
      this.#events.emit(
        "MESSAGE_HISTORY_UPDATED",
        this.#messages.map((message) => ({ ...message })),
      );
  }

  /** As `ToolCallManager` does it. */
  async #run({ tool_call_id, tool_name, arguments: args }: Row): Promise<void> {
    const handler = this.#handlers.get(String(tool_name));
    if (!handler?.onStart) return;
    const back = { message_type: "tool_result", tool_call_id };
    try {
      const result = await handler.onStart({ toolCallId: String(tool_call_id), arguments: asRow(args) });
      this.#send({ ...back, ...(typeof result === "string" && { result }) });
    } catch (error) {
      this.#send({
        ...back,
        error: `Error in handler: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }
}

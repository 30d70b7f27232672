import { type AnamClient, AnamEvent, ConnectionClosedCode } from "@anam-ai/js-sdk";
import { ClientError, type Join, type Transport, type TransportListener } from "../../src/client/index.ts";

type Order = { method: string; text?: string; toolCallId?: string; isError?: boolean };

/** A way into Anam's room over Anam's own SDK; `video` is the id of a video element. */
export function anamRoom(anam: AnamClient, { data = {} }: Join, video: string): Transport {
  let listener: TransportListener | undefined;
  let entering: { resolve(): void; reject(error: Error): void } | undefined;
  const told = new Map<string, string>();
  const waiting = new Map<string, (outcome: Order) => void>();

  anam.addListener(AnamEvent.MESSAGE_HISTORY_UPDATED, (messages) => {
    for (const { id, role, content, interrupted = false } of messages) {
      const line = JSON.stringify([content, interrupted]);
      if (told.get(id) === line) continue;
      told.set(id, line);
      const who = role === "user" ? "user" : "agent";
      listener?.transcript({ id, role: who, text: content, final: true, interrupted });
      listener?.report({ event: "message", message: { id, role, content, interrupted } });
    }
  });
  anam.addListener(AnamEvent.DATA_CHANNEL_OPEN, () => entering?.resolve());
  anam.addListener(AnamEvent.CONNECTION_CLOSED, (code) => {
    if (code === ConnectionClosedCode.NORMAL) return;
    if (entering) return entering.reject(new Error(code));
    if (code !== ConnectionClosedCode.SERVER_CLOSED_CONNECTION) return listener?.lost();
    listener?.report({ event: "closed", code });
    listener?.ended("room_closed");
  });
  for (const name of (data["tools"] ?? []) as string[]) {
    const onStart = ({ toolCallId, arguments: args }: { toolCallId: string; arguments: object }) =>
      new Promise<string>((resolve, reject) => {
        waiting.set(toolCallId, ({ text = "", isError }) =>
          isError ? reject(new Error(text)) : resolve(text),
        );
        listener?.toolCall({ toolCallId, name, arguments: JSON.stringify(args) });
      });
    anam.registerToolCallHandler(name, { onStart });
  }

  return {
    tellsTranscript: true,
    async join(to) {
      listener = to;
      await anam.stopStreaming();
      const entered = new Promise<void>((resolve, reject) => {
        entering = { resolve, reject };
      });
      try {
        await Promise.all([anam.streamToVideoElement(video), entered]);
      } catch (cause) {
        const message = "Anam did not let the person in. Open a new session.";
        throw new ClientError("join_failed", message, { cause });
      } finally {
        entering = undefined;
      }
    },
    leave: () => anam.stopStreaming(),
    send(message) {
      const order = message as Order;
      const { method, text = "", toolCallId = "" } = order;
      waiting.get(toolCallId)?.(order);
      waiting.delete(toolCallId);
      if (method === "sendUserMessage") anam.sendUserMessage(text);
      if (method === "addContext") anam.addContext(text);
      if (method === "interruptPersona") anam.interruptPersona();
      return method === "talk" ? anam.talk(text) : undefined;
    },
  };
}

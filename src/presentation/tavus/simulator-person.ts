import type { Row } from "./simulator-world.ts";

/** The scripted human: joins the room, speaks, and hears what the data channel tells. */
export type TavusPerson = {
  /** App messages that came, in order. */
  readonly messages: Row[];
  say(text: string): void;
  send(message: Row): void;
  /** The first message, past or future, that fits; each is handed out once. */
  next(fits: string | ((message: Row) => boolean)): Promise<Row>;
  leave(): Promise<void>;
};

/** Errors: refuses with Daily's text when the room does not let the person in. */
export function joinRoom(roomUrl: string, token?: string): Promise<TavusPerson> {
  const url = new URL(roomUrl.replace(/^http/, "ws"));
  if (token !== undefined) url.searchParams.set("t", token);
  const socket = new WebSocket(url);
  const messages: Row[] = [];
  const taken = new Set<Row>();
  const waiting = new Set<() => void>();
  const closed = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()));

  const person: TavusPerson = {
    messages,
    say: (text) => socket.send(JSON.stringify({ kind: "speech", text })),
    send: (data) => socket.send(JSON.stringify({ kind: "app-message", data })),
    next: (fits) =>
      new Promise((resolve) => {
        const wanted = typeof fits === "string" ? (message: Row) => message["event_type"] === fits : fits;
        const look = () => {
          const found = messages.find((message) => !taken.has(message) && wanted(message));
          if (!found) return;
          taken.add(found);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async leave() {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ kind: "leave" }));
      await closed;
    },
  };

  return new Promise((resolve, reject) => {
    socket.addEventListener("close", (event) =>
      reject(new Error(event.reason || `the room closed (${event.code})`)),
    );
    socket.addEventListener("message", (event) => {
      const { kind, data } = JSON.parse(String(event.data)) as { kind: string; data: Row };
      if (kind === "joined") return resolve(person);
      messages.push(data);
      for (const look of [...waiting]) look();
    });
  });
}

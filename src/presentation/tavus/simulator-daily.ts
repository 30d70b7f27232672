type Listener = (event: Record<string, unknown>) => void;

/** The part of Daily's call object that a page uses, over the simulator's room. Takes camera and sound for granted. */
export class FakeDailyCall {
  readonly #listeners = new Map<string, Set<Listener>>();
  #socket: WebSocket | undefined;
  #left = false;

  on(name: string, listener: Listener): this {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    return this;
  }

  off(name: string, listener: Listener): this {
    this.#listeners.get(name)?.delete(listener);
    return this;
  }

  meetingState(): string {
    return this.#socket === undefined ? "new" : this.#left ? "left-meeting" : "joined-meeting";
  }

  join({ url, token }: { url: string; token?: string }): Promise<unknown> {
    const room = new URL(url.replace(/^http/, "ws"));
    if (token !== undefined) room.searchParams.set("t", token);
    const socket = new WebSocket(room);
    this.#socket = socket;
    this.#left = false;
    return new Promise((resolve, reject) => {
      socket.addEventListener("close", (event) => {
        if (this.#left) return;
        this.#left = true;
        // A room that refuses or vanishes is an error; one that ends the meeting is not.
        if (event.code !== 1000) this.#emit("error", { errorMsg: event.reason });
        this.#emit("left-meeting", {});
        reject(new Error(event.reason || "the meeting has ended"));
      });
      socket.addEventListener("message", (event) => {
        const { kind, data, from } = JSON.parse(String(event.data)) as Record<string, unknown>;
        if (kind === "app-message") return this.#emit("app-message", { data, fromId: from });
        this.#emit("joined-meeting", {});
        resolve({});
      });
    });
  }

  sendAppMessage(data: unknown, _to: string): void {
    this.#socket?.send(JSON.stringify({ kind: "app-message", data }));
  }

  /** The person in front of the camera says something. */
  speak(text: string): void {
    this.#socket?.send(JSON.stringify({ kind: "speech", text }));
  }

  /** Hands an app message over as if it had come from the room. */
  receive(event: Record<string, unknown>): void {
    this.#emit("app-message", event);
  }

  /** The network is gone: no goodbye. */
  drop(): void {
    this.#left = true;
    this.#socket?.close();
    this.#emit("error", { errorMsg: "network" });
    this.#emit("left-meeting", {});
  }

  async leave(): Promise<void> {
    this.#left = true;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ kind: "leave" }));
    this.#emit("left-meeting", {});
  }

  #emit(name: string, event: Record<string, unknown>): void {
    for (const listener of this.#listeners.get(name) ?? []) listener({ action: name, ...event });
  }
}

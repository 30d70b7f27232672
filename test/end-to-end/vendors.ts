import { WebSocket } from "ws";
import type { OpenedSession } from "../gateway.fixture.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a vendor can tell from its side of the border; the scenario is the same for all. */
export type VendorView = {
  name: string;
  /** When the vendor has nothing under way. */
  idle(): Promise<void>;
  /** Rooms, agents and tools of these sessions that are still there. */
  left(opened: OpenedSession[]): Promise<number>;
};

export function tavusView({ tavus }: Surroundings): VendorView {
  return {
    name: "tavus",
    idle: () => tavus.idle(),
    async left() {
      const { conversations, pals } = tavus.left();
      // Tools that pages relay belong to all sessions and stay.
      return conversations + pals + tavus.ownTools();
    },
  };
}

export function localView(): VendorView {
  return {
    name: "local",
    idle: async () => {},
    async left(opened) {
      const open = await Promise.all(opened.map(({ join }) => isOpen(join.url)));
      return open.filter((each) => each).length;
    },
  };
}

/** A room that is gone takes no socket. */
function isOpen(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const answer = (open: boolean) => {
      resolve(open);
      socket.terminate();
    };
    socket.on("error", () => answer(false));
    socket.on("open", () => answer(true));
  });
}

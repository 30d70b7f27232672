import { WebSocket } from "ws";
import type { OpenedSession } from "../gateway.fixture.ts";
import type { Api } from "./api.ts";
import { BOXES, type BoxName } from "./boxes.ts";
import { phoneOf } from "./office.ts";
import { Page } from "./page.ts";
import { type Caller, onThePhone } from "./phone.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a vendor can tell from its side of the border, and how a person comes into its calls. */
export type VendorView = {
  /** As the gateway knows it. */
  name: string;
  /** The page's call outlives the gateway, which can come back into it. */
  outlives: boolean;
  open(api: Api, person: string): Promise<OpenedSession>;
  join(api: Api, opened: OpenedSession): Promise<Caller>;
  /** When the vendor has nothing under way. */
  idle(): Promise<void>;
  /** What of these sessions is still there. */
  left(opened: OpenedSession[]): Promise<number>;
};

const byApi = (vendor: string) => ({
  name: vendor,
  open: (api: Api, person: string) => api.open(vendor, `user:${person}`),
  join: (api: Api, opened: OpenedSession): Promise<Caller> => Page.join(api.url, opened),
});

function boxed({ box }: Surroundings) {
  return { ...byApi(box!.vendor), outlives: true, idle: box!.idle, left: async () => box!.left() };
}

function localView(): VendorView {
  return {
    ...byApi("local"),
    outlives: false,
    idle: async () => {},
    async left(opened) {
      const open = await Promise.all(opened.map(({ join }) => isOpen(join.url)));
      return open.filter((each) => each).length;
    },
  };
}

/** The gateway calls, and the person picks up. */
function dialled(surroundings: Surroundings): VendorView {
  const join = async (api: Api, opened: OpenedSession) =>
    onThePhone(await surroundings.box!.phone!.takes(), heardBy(api, opened));
  return { ...boxed(surroundings), outlives: false, join };
}

/** The person calls. */
function ringing(surroundings: Surroundings): VendorView {
  const calls = new Map<string, Caller>();
  const view = dialled(surroundings);
  return {
    ...view,
    async open(api, person) {
      const call = await surroundings.box!.phone!.ring(api.url, phoneOf(person));
      const [row] = await api.sessions(`user:${person}`);
      if (!row || call.isOver) throw new Error("nobody answered");
      const opened = {
        session_id: row.session_id,
        session_token: "",
        join: { kind: "telephone", url: "tel:" },
      };
      calls.set(row.session_id, onThePhone(call, heardBy(api, opened)));
      return opened;
    },
    join: async (_api, { session_id }) => calls.get(session_id)!,
  };
}

const heardBy = (api: Api, opened: OpenedSession) => async (text: string) =>
  (await api.transcript(opened.session_id)).some((turn) => turn.text === text);

/** By the name of the setting, with the vendor that it needs. */
export const VIEWS: Record<string, { box?: BoxName; view(surroundings: Surroundings): VendorView }> = {
  local: { view: localView },
  ...Object.fromEntries(
    (Object.keys(BOXES) as BoxName[])
      .filter((box) => box !== "twilio")
      .map((box): [string, (typeof VIEWS)[string]] => [box, { box, view: boxed }]),
  ),
  "twilio, dialled": { box: "twilio", view: dialled },
  "twilio, ringing": { box: "twilio", view: ringing },
};

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

import { createAnamSimulator } from "../../src/presentation/anam/simulator.ts";
import { createDIdSimulator } from "../../src/presentation/d-id/simulator.ts";
import { createElevenLabsSimulator } from "../../src/presentation/elevenlabs/simulator.ts";
import { createLiveAvatarSimulator } from "../../src/presentation/liveavatar/simulator.ts";
import { createTavusSimulator } from "../../src/presentation/tavus/simulator.ts";
import { createTwilioSimulator, type PhoneCall } from "../../src/presentation/twilio/simulator.ts";

/** A vendor in a box, as far as all of them are alike. */
export type Box = {
  vendor: string;
  /** Of its API. */
  url: string;
  /** `presentation.<vendor>`, but for `base_url`. */
  settings: Record<string, unknown>;
  /** What no page may ever get. */
  key: string;
  /** Links of its own in its answers are followed only at its own address. */
  ownLinks?: boolean;
  /** Parts of its paths that are ids. */
  ids: RegExp;
  /** When it has nothing under way. */
  idle(): Promise<void>;
  /** What sessions left there, and what still runs; zero when nothing did. */
  left(): number;
  /** The call ends at the vendor, by the vendor's id; resolves once it has told whom it tells. */
  end(vendorSessionId: string): Promise<void>;
  /** Tells the account where the gateway is. */
  pointTo?(gateway: string): void;
  phone?: { ring(gateway: string, from: string): Promise<PhoneCall>; takes(): Promise<PhoneCall> };
  close(): Promise<void>;
};

/** Our number at Twilio. */
export const OURS = "+14155550100";

const sum = (counts: object) =>
  Object.values(counts).reduce((total: number, each: number) => total + each, 0);

export const BOXES = {
  async tavus(): Promise<Box> {
    const key = "tavus-account-key";
    const tavus = await createTavusSimulator({ apiKey: key, timing: { perceptionAfterMs: 0 } });
    tavus.faults.speculativeRequests = 0;
    return {
      ...{ vendor: "tavus", url: tavus.url, key, idle: tavus.idle, close: tavus.close },
      settings: { api_key: key, face_id: "r90bbd427f71" },
      ids: /\/[cpt]0[0-9a-f]{10}(?=\/|$)/g,
      left() {
        const { conversations, pals } = tavus.left();
        // Tools that pages relay belong to all sessions and stay.
        return conversations + pals + tavus.ownTools();
      },
      async end(id) {
        tavus.end(id, "participant_left_timeout reached");
        const told = () =>
          tavus.webhooks.some(
            ({ event, status }) =>
              event["conversation_id"] === id &&
              event["event_type"] === "application.transcription_ready" &&
              status === 200,
          );
        while (!told()) await new Promise((resolve) => setTimeout(resolve, 10));
      },
    };
  },

  async liveavatar(): Promise<Box> {
    const key = "liveavatar-account-key";
    const liveavatar = await createLiveAvatarSimulator({ apiKey: key });
    return {
      ...{ vendor: "liveavatar", url: liveavatar.url, key, idle: liveavatar.idle, close: liveavatar.close },
      settings: { api_key: key, avatar_id: "00000000-0000-4000-8000-000000000001" },
      ids: /\/[0-9a-f]{8}-[0-9a-f-]{27}(?=\/|$)/g,
      left: () => sum(liveavatar.left()),
      end: async (id) => liveavatar.end(id, "ZERO_CREDITS"),
    };
  },

  async anam(): Promise<Box> {
    const key = "anam-account-key";
    const anam = await createAnamSimulator({ apiKey: key });
    return {
      ...{ vendor: "anam", url: anam.url, key, idle: anam.idle, close: anam.close },
      settings: { api_key: key, avatar_id: "cara", voice_id: "ana" },
      ids: /\/[0-9a-f]{8}-[0-9a-f-]{27}(?=\/|$)/g,
      left: () => sum(anam.left()),
      end: async (label) => anam.sessionsOf(label).forEach(({ id }) => void anam.end(id)),
    };
  },

  async "d-id"(): Promise<Box> {
    const key = "d-id-account-key";
    const dId = await createDIdSimulator({ apiKey: key });
    const presenter = { type: "expressive", presenter_id: "public_amber_casual@avt_PfMblk" };
    return {
      ...{ vendor: "d-id", url: dId.url, key, idle: dId.idle, close: dId.close },
      settings: { api_key: key, presenter },
      ownLinks: true,
      ids: /\/(?:agt|ses|cht|exp|tool)_[\w-]+(?=\/|$)/g,
      left() {
        const { agents, tools, streams } = dId.left();
        // A room that nobody entered costs nothing, and no call ends it: D-ID does, by itself.
        const entered = dId.open().filter((id) => dId.session(id).greeted).length;
        return agents + tools + streams + entered;
      },
      end: async (id) => dId.end(id),
    };
  },

  async elevenlabs(): Promise<Box> {
    const key = "elevenlabs-account-key";
    const secret = "wsec_0000000000000000000000000000000000000000000000000000000000000000";
    const elevenlabs = await createElevenLabsSimulator({ apiKey: key });
    return {
      ...{ vendor: "elevenlabs", url: elevenlabs.url, key, idle: elevenlabs.idle, close: elevenlabs.close },
      settings: { api_key: key, webhook_secret: secret },
      ids: /\/(?:agent|tool|secret|conv)_\w+(?=\/|$)/g,
      left: () => sum(elevenlabs.left()) + elevenlabs.talking(),
      async end() {
        elevenlabs.end(elevenlabs.conversations().at(-1)!, "Call ended by timeout");
        await elevenlabs.idle();
      },
      pointTo(gateway) {
        elevenlabs.setPostCall({ id: "wh_1", url: `${gateway}/v1/webhooks/elevenlabs`, secret });
      },
    };
  },

  async twilio(): Promise<Box> {
    const twilio = await createTwilioSimulator({ switches: { wordsPerSecond: 200 } });
    const { accountSid, authToken } = twilio;
    return {
      ...{ vendor: "twilio", url: twilio.url, key: authToken, close: twilio.close },
      settings: { account_sid: accountSid, auth_token: authToken, from_number: OURS },
      ids: /\/CA[0-9a-f]{32}(?=\.)/g,
      // A telephone that rings is under way until somebody decides.
      idle: async () => {},
      left: () => twilio.calls.filter(({ isOver }) => !isOver).length,
      end: async (sid) => twilio.calls.find(({ facts }) => facts.sid === sid)!.hangUp(),
      phone: {
        ring: (gateway, from) =>
          twilio.ring(
            {
              number: OURS,
              voiceUrl: `${gateway}/v1/inbound/twilio`,
              statusCallback: `${gateway}/v1/webhooks/twilio`,
            },
            from,
          ),
        async takes() {
          let call = await twilio.ringing();
          // One that nobody picked up in time.
          while (call.isOver) call = await twilio.ringing();
          await twilio.pickUp(call);
          return call;
        },
      },
    };
  },
} satisfies Record<string, () => Promise<Box>>;

export type BoxName = keyof typeof BOXES;

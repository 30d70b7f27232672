import { type SimulatedCall, type SimulatedOutcome, startSimulatorServer } from "../simulator-server.ts";
import type { Answer } from "./simulator-answer.ts";
import { createRooms } from "./simulator-room.ts";
import { answerCall } from "./simulator-routes.ts";
import type { Row, World } from "./simulator-world.ts";

/** The API and the rooms on one loopback port. Resolves when it listens. */
export async function listen(world: World): Promise<{ close(): Promise<void> }> {
  const rooms = createRooms(world);
  const server = await startSimulatorServer(
    (call) => serve(world, call),
    (req, socket, head) => rooms.upgrade(req, socket, head),
  );
  world.url = server.url;
  return {
    async close() {
      rooms.close();
      await server.close();
    },
  };
}

async function serve(world: World, call: SimulatedCall): Promise<SimulatedOutcome> {
  const { method, path } = call;
  const body = call.body as Row | Row[] | undefined;
  const answer = refusal(world, call) ?? answerCall(world, { method, path, query: call.query, body });
  const query = Object.fromEntries(call.query);
  world.requests.push({ method, path, query, body, status: answer.status, at: world.clock.now() });
  const { slowCreateMs, loseResponseOf } = world.faults;
  if (method === "POST" && loseResponseOf === path) return "lost";
  if (method === "POST" && slowCreateMs > 0 && path === "/v2/conversations") {
    await new Promise<void>((resolve) => void world.clock.after(slowCreateMs, resolve));
  }
  return answer;
}

function refusal(world: World, { headers }: SimulatedCall): Answer | undefined {
  const { faults } = world;
  if (faults.badKey || headers["x-api-key"] !== world.apiKey) {
    return { status: 401, body: { message: "Invalid access token" } };
  }
  if (faults.failNext <= 0) return undefined;
  faults.failNext--;
  return { status: 503, body: { message: "Service Unavailable" } };
}

import type { Gates } from "./gates.ts";
import { type Served, serve } from "./serve.ts";

export type Office = Served & {
  /** Whose records were asked for, in order. */
  asked: string[];
  bookings: Array<{ day: string; subject: string | null; session: string | null }>;
};

const CUSTOMERS: Record<string, object> = {
  anna: { name: "Anna", plan_tier: "pro", city: "Lisbon", private_notes: "anna-private-note" },
  ben: { name: "Ben", plan_tier: "free", city: "Hamburg", private_notes: "ben-private-note" },
};

/** Whoever is called `p7` has the number that ends so. */
export const phoneOf = (person: string): string => `+1415555${person.slice(1).padStart(4, "0")}`;
const personOf = (phone: string): string => `p${Number(phone.slice(-4))}`;

/** The application's own servers: customer records, and a tool that books. Gates: `records`, `booking`. */
export async function startOffice(gates: Gates): Promise<Office> {
  const asked: Office["asked"] = [];
  const bookings: Office["bookings"] = [];
  const served = await serve(async (request) => {
    const [, what, id = ""] = new URL(request.url).pathname.split("/");
    if (what === "customers") {
      asked.push(id);
      await gates.pass("records");
      // Whoever is not in the list is somebody new: everybody has a plan.
      return Response.json(
        CUSTOMERS[id] ?? { name: "You", plan_tier: "pro", city: "Lisbon", phone: phoneOf(id) },
      );
    }
    if (what === "phones") return Response.json({ id: personOf(decodeURIComponent(id)) });
    const { day } = (await request.json()) as { day: string };
    const { headers } = request;
    bookings.push({
      day,
      subject: headers.get("x-astrocyte-subject"),
      session: headers.get("x-astrocyte-session"),
    });
    await gates.pass("booking");
    return Response.json({ booked: day });
  });
  return { ...served, asked, bookings };
}

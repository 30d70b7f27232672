import type { EventRow, SessionRow, TurnRow } from "../../composer/store.ts";
import { eventJson, sessionJson, turnJson } from "../../server/present.ts";
import { type Ui, when } from "../output/ui.ts";
import type { Answer } from "../run.ts";

export function sessionList(rows: SessionRow[]): Answer {
  return {
    data: { sessions: rows.map(sessionJson) },
    text: (ui) =>
      rows.length === 0
        ? "No sessions."
        : ui.table(
            [
              { title: "session" },
              { title: "state" },
              { title: "vendor" },
              { title: "persona" },
              { title: "subject" },
              { title: "created (UTC)" },
              { title: "ended (UTC)" },
              { title: "reason" },
            ],
            rows.map((row) => [
              row.id,
              row.state,
              row.vendor,
              row.persona,
              row.subject,
              when(row.createdAt),
              when(row.endedAt),
              row.endReason ?? "",
            ]),
          ),
  };
}

export function sessionDetails(row: SessionRow, turns: TurnRow[], events: EventRow[]): Answer {
  return {
    data: { ...sessionJson(row), turns: turns.map(turnJson), events: events.map(eventJson) },
    text: (ui) =>
      [
        facts(ui, row),
        ...(turns.length > 0 ? ["", transcript(ui, turns)] : []),
        ...(events.length > 0 ? ["", timeline(ui, events)] : []),
      ].join("\n"),
  };
}

export function transcript(ui: Ui, turns: TurnRow[]): string {
  return ui.table(
    [{ title: "when (UTC)" }, { title: "who" }, { title: "said", grow: true }, { title: "kept" }],
    turns.map(({ at, role, text, heard, interrupted, retainedAt }) => [
      when(at),
      role,
      interrupted ? `${heard ?? text} (cut off)` : text,
      retainedAt === null ? "" : "yes",
    ]),
  );
}

function facts(ui: Ui, row: SessionRow): string {
  const usage = Object.entries(row.usage).map(([name, value]) => `${name} ${value}`);
  const all: Array<[string, string]> = [
    ["session", row.id],
    ["state", row.endReason === null ? row.state : `${row.state} (${row.endReason})`],
    ["vendor", row.vendorSessionId === null ? row.vendor : `${row.vendor}, ${row.vendorSessionId}`],
    ["persona", row.persona],
    ["subject", `${row.subject}, for ${row.principal}`],
    ["consent", row.consent],
    ["created", when(row.createdAt)],
    ["ended", when(row.endedAt)],
    ["in memory", row.settled ? "settled" : "not yet"],
    ["used", usage.join(", ")],
  ];
  return all
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${ui.bold(name.padEnd(9))}  ${value}`)
    .join("\n");
}

function timeline(ui: Ui, events: EventRow[]): string {
  return ui.table(
    [{ title: "when (UTC)" }, { title: "event" }, { title: "facts", grow: true }],
    events.map(({ at, type, data }) => [when(at), type, JSON.stringify(data)]),
  );
}

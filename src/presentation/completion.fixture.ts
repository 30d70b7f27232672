import type { ServerResponse } from "node:http";

/** Writes one answer of a brain, for tests that stand in for it over real HTTP. */
export type Answer = (res: ServerResponse) => void | Promise<void>;

/** One chunk of a streamed completion. */
export function delta(res: ServerResponse, value: object): void {
  if (!res.headersSent) res.writeHead(200, { "content-type": "text/event-stream" });
  res.write(`data: ${JSON.stringify({ choices: [{ delta: value }] })}\n\n`);
}

export function say(...pieces: string[]): Answer {
  return (res) => {
    for (const content of pieces) delta(res, { content });
    res.end("data: [DONE]\n\n");
  };
}

/** `arguments` come in pieces, as models write them. */
export function callTool(name: string, args: object, text = ""): Answer {
  return (res) => {
    if (text) delta(res, { content: text });
    const json = JSON.stringify(args);
    delta(res, { tool_calls: [{ index: 0, id: "call_1", function: { name, arguments: json.slice(0, 3) } }] });
    delta(res, { tool_calls: [{ index: 0, function: { arguments: json.slice(3) } }] });
    res.end("data: [DONE]\n\n");
  };
}

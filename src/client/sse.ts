export type ServerEvent = { id: string | undefined; type: string; data: string };

/** The events of a `text/event-stream`, as they come. The gateway writes one `data` line an event and LF alone. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const cut = line.indexOf(":");
    if (cut > 0) fields.set(line.slice(0, cut), line.slice(cut + 1).replace(/^ /, ""));
  }
  const data = fields.get("data");
  return data === undefined
    ? undefined
    : { id: fields.get("id"), type: fields.get("event") ?? "message", data };
}

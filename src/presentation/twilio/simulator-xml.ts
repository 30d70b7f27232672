/** One element of a document. `text` is what stands directly in it, trimmed. */
export type XmlElement = {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
};

const NAME = "[A-Za-z_][\\w.-]*";
const DECLARATION = /^<\?xml\s[^?]*\?>\s*/;
const OPEN = new RegExp(`<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`, "y");
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");
const CLOSE = new RegExp(`</(${NAME})\\s*>`, "y");
const TEXT = /[^<]+/y;
/** What XML 1.0 does not allow, not even escaped. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Reads a document as strictly as Twilio does: no comments, no CDATA, no DTD, and one root. Throws for anything else. */
export function parseXml(source: string): XmlElement {
  if (FORBIDDEN.test(source)) throw new Error("a character that XML does not allow");
  const body = source.replace(DECLARATION, "").trim();
  const reader = new Reader(body);
  const root = reader.element();
  if (reader.at !== body.length) throw new Error("something follows the root");
  return root;
}

class Reader {
  at = 0;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  element(): XmlElement {
    const [, name = "", attributes = "", empty] = this.#take(OPEN) ?? this.#fail("an element");
    const element: XmlElement = { name, attributes: readAttributes(attributes), children: [], text: "" };
    if (empty === "/") return element;
    for (;;) {
      const close = this.#take(CLOSE);
      if (close) {
        if (close[1] !== name) throw new Error(`</${close[1]}> closes <${name}>`);
        element.text = element.text.trim();
        return element;
      }
      const text = this.#take(TEXT);
      if (text) element.text += plain(text[0]);
      else element.children.push(this.element());
    }
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#source) ?? undefined;
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  #fail(expected: string): never {
    throw new Error(`${expected} was expected at ${this.at}`);
  }
}

function readAttributes(source: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", double, single] of source.matchAll(ATTRIBUTE)) {
    if (Object.hasOwn(found, name)) throw new Error(`${name} twice`);
    found[name] = plain(double ?? single ?? "");
  }
  return found;
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+)?(;?)/gi, (whole, entity = "", end) => {
    const named = NAMED[entity];
    if (end !== ";") throw new Error("a bare &");
    if (named !== undefined) return named;
    const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
    if (!entity.startsWith("#") || !Number.isInteger(code)) throw new Error(`${whole} is unknown`);
    return String.fromCodePoint(code);
  });
}

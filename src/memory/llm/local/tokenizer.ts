/**
 * SentencePiece unigram tokenizer: the most probable split of a text into pieces. Holds the vocabulary as a
 * trie in an open-addressed hash table, which needs no objects per node and a few nanoseconds a step.
 */
export type Tokenizer = (text: string) => number[];

/** Piece ids below this are control symbols and never match text. */
const RESERVED = 6;
const UNKNOWN = 0;
const SPACE = "\u2581";

export function createTokenizer(vocabulary: Array<[string, number]>): Tokenizer {
  const trie = new Trie();
  const scores = Float64Array.from(vocabulary, (entry) => entry[1]);
  const lengths = Int32Array.from(vocabulary, (entry) => [...entry[0]].length);
  for (let id = RESERVED; id < vocabulary.length; id++) trie.insert(vocabulary[id]![0], id);
  return (text) => {
    const symbols = trie.encode(normalize(text));
    return trace(bestPieces(trie, symbols, scores), lengths);
  };
}

function normalize(text: string): string {
  const plain = text.normalize("NFKC");
  return plain === "" ? plain : SPACE + plain.replaceAll(" ", SPACE);
}

/** For each end position, the last piece of the best split that ends there. */
function bestPieces(trie: Trie, symbols: Int32Array, scores: Float64Array): Int32Array {
  const count = symbols.length;
  const best = new Float64Array(count + 1);
  const piece = new Int32Array(count + 1);
  const offer = (end: number, id: number, score: number) => {
    if (best[end] !== 0 && score < best[end]!) return;
    best[end] = score;
    piece[end] = id;
  };
  for (let start = 0; start < count; start++) {
    let matched = false;
    let node = trie.child(0, symbols[start]!);
    for (let end = start + 1; node > 0; end++) {
      const id = trie.piece(node);
      if (id > 0) {
        offer(end, id, best[start]! + scores[id]!);
        matched = true;
      }
      node = end < count ? trie.child(node, symbols[end]!) : 0;
    }
    // The model was trained with unknown symbols at no cost.
    if (!matched) offer(start + 1, UNKNOWN, best[start]!);
  }
  return piece;
}

/** Walks the pieces back from the end; a run of unknown symbols is one token. */
function trace(piece: Int32Array, lengths: Int32Array): number[] {
  const ids: number[] = [];
  for (let at = piece.length - 1; at > 0; ) {
    const id = piece[at]!;
    if (id !== UNKNOWN || ids.at(-1) !== UNKNOWN) ids.push(id);
    at -= lengths[id]!;
  }
  return ids.reverse();
}

class Trie {
  /** Symbol codes: 1 and up for code points of the vocabulary, 0 for all others. */
  #codes = new Map<number, number>();
  #keys = new Int32Array(1 << 17);
  #nodes = new Int32Array(1 << 17);
  #pieces: number[] = [0];

  insert(text: string, id: number): void {
    let node = 0;
    for (const symbol of text) {
      const point = symbol.codePointAt(0)!;
      if (!this.#codes.has(point)) this.#codes.set(point, this.#codes.size + 1);
      node = this.child(node, this.#codes.get(point)!) || this.#add(node, this.#codes.get(point)!);
    }
    this.#pieces[node] = id;
  }

  /** Text as symbol codes, one a code point. */
  encode(text: string): Int32Array {
    const out = new Int32Array(text.length);
    let count = 0;
    for (let i = 0; i < text.length; i++) {
      const point = text.codePointAt(i)!;
      if (point > 0xffff) i++;
      out[count++] = this.#codes.get(point) ?? 0;
    }
    return out.subarray(0, count);
  }

  /** The node one symbol further, or 0. */
  child(node: number, code: number): number {
    if (code === 0) return 0;
    const key = (node << 12) | code;
    for (let slot = this.#slot(key); ; slot = (slot + 1) & (this.#keys.length - 1)) {
      if (this.#keys[slot] === key) return this.#nodes[slot]!;
      if (this.#keys[slot] === 0) return 0;
    }
  }

  /** Id of the piece that ends at this node, or 0. */
  piece(node: number): number {
    return this.#pieces[node]!;
  }

  #add(node: number, code: number): number {
    const key = (node << 12) | code;
    let slot = this.#slot(key);
    while (this.#keys[slot] !== 0) slot = (slot + 1) & (this.#keys.length - 1);
    this.#keys[slot] = key;
    this.#nodes[slot] = this.#pieces.length;
    this.#pieces.push(0);
    return this.#pieces.length - 1;
  }

  #slot(key: number): number {
    return (Math.imul(key, 0x9e3779b1) >>> 15) & (this.#keys.length - 1);
  }
}

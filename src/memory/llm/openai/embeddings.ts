import { slices, unitVectors } from "../vectors.ts";

export type EmbeddingCall = {
  post(body: Record<string, unknown>): Promise<Record<string, unknown>>;
  area: string;
  onTokens(tokens: number): void;
};

/** Texts a request: providers allow from 256 upwards, servers of one's own often less. */
const BATCH = 128;
const PARALLEL = 4;

type Row = { index?: number; embedding?: number[] | string };

/** Vectors of all texts in order, asked for in batches, four at a time. */
export async function embedAll(
  texts: string[],
  model: string,
  dimensions: number | undefined,
  call: EmbeddingCall,
): Promise<Float32Array[]> {
  let tokens = 0;
  const embedBatch = async (input: string[]): Promise<Float32Array[]> => {
    const answer = await call.post({
      model,
      input,
      encoding_format: "float",
      ...(dimensions !== undefined && { dimensions }),
    });
    tokens += (answer?.["usage"] as { prompt_tokens?: number } | undefined)?.prompt_tokens ?? 0;
    return unitVectors(rows(answer), input.length, call.area);
  };
  const vectors: Float32Array[] = [];
  for (const group of slices(slices(texts, BATCH), PARALLEL)) {
    vectors.push(...(await Promise.all(group.map(embedBatch))).flat());
  }
  call.onTokens(tokens);
  return vectors;
}

function rows(answer: Record<string, unknown> | undefined): ArrayLike<number>[] {
  const data = (answer?.["data"] ?? []) as Row[];
  return data
    .map((row, at) => ({ index: row.index ?? at, vector: decode(row.embedding) }))
    .sort((a, b) => a.index - b.index)
    .map(({ vector }) => vector);
}

/** Numbers, or base64 of little-endian floats, which some gateways send whatever was asked for. */
function decode(embedding: number[] | string | undefined): ArrayLike<number> {
  if (typeof embedding !== "string") return embedding ?? [];
  const bytes = Buffer.from(embedding, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
}

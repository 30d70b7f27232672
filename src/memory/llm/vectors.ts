import { AstrocyteError } from "../../core/errors.ts";

/** Unit-length copies; providers differ in whether they normalise. Throws `llm_failed` when sizes differ. */
export function unitVectors(rows: ArrayLike<number>[], expected: number, area: string): Float32Array[] {
  if (rows.length !== expected || rows.some((row) => row.length === 0 || row.length !== rows[0]!.length)) {
    throw new AstrocyteError(
      "llm_failed",
      `[${area}] The embedding answer does not have one vector of one size a text. Check llm_provider_config.embedding_model.`,
    );
  }
  return rows.map((row) => {
    const vector = Float32Array.from(row);
    let square = 0;
    for (const value of vector) square += value * value;
    const scale = 1 / Math.sqrt(square || 1);
    for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
    return vector;
  });
}

/** Cuts a list into lists of at most `size`. */
export function slices<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

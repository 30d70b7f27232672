import { AstrocyteError } from "../../../core/errors.ts";
import { withRoom } from "./arrays.ts";
import { MAX_DIMENSIONS, OUT_AT, QUERY_AT, ROW_AT, SLAB_BYTES, type Slabs } from "./slabs.ts";

/** Keeps a lane of the kernel's sums inside 32 bits, at 12 bits of precision. */
const QUERY_STEPS = 4095;

/**
 * A bank's vectors as int8, one step size a row. Row numbers are the index's document numbers; a row without
 * a vector of this length has step 0 and no score.
 */
export class Matrix {
  readonly dimensions: number;
  readonly #stride: number;
  readonly #rowsPerSlab: number;
  readonly #pool: Slabs;
  readonly #slabs: number[] = [];
  steps: Float32Array<ArrayBuffer> = new Float32Array(0);
  length = 0;
  #present = 0;

  constructor(pool: Slabs, dimensions: number) {
    if (dimensions === 0 || dimensions > MAX_DIMENSIONS) {
      throw new AstrocyteError("invalid_input", `[store] vectors have 1 to ${MAX_DIMENSIONS} dimensions.`);
    }
    this.#pool = pool;
    this.dimensions = dimensions;
    this.#stride = (dimensions + 15) & ~15;
    this.#rowsPerSlab = Math.floor(SLAB_BYTES / this.#stride);
  }

  get bytes(): number {
    return this.#slabs.length * SLAB_BYTES + this.steps.byteLength;
  }

  /** Rows without a vector. */
  get missing(): number {
    return this.length - this.#present;
  }

  /** Makes room for rows up to `length`, without vectors. */
  extend(length: number): void {
    this.steps = withRoom(this.steps, length);
    while (this.#slabs.length * this.#rowsPerSlab < length) this.#slabs.push(this.#pool.take());
    this.length = length;
  }

  /** A vector of another length leaves the row without one. */
  set(row: number, vector: Float16Array): void {
    const scratch = new Float32Array(this.#pool.buffer, ROW_AT, this.#stride).fill(0);
    if (vector.length === this.dimensions) scratch.set(vector);
    this.#setStep(row, this.#pool.kernel.quantise(ROW_AT, this.#addressOf(row), this.#stride));
  }

  clear(row: number): void {
    new Uint8Array(this.#pool.buffer, this.#addressOf(row), this.#stride).fill(0);
    this.#setStep(row, 0);
  }

  /** Writes the cosine of every row with a unit vector into `scores`; rows without a vector get -Infinity. */
  scan(unit: Float32Array, scores: Float32Array): void {
    const step = this.#writeQuery(unit);
    const { kernel, buffer } = this.#pool;
    const out = new Int32Array(buffer, OUT_AT, this.#rowsPerSlab);
    for (let slab = 0, row = 0; row < this.length; slab++) {
      const count = Math.min(this.#rowsPerSlab, this.length - row);
      kernel.dots(this.#slabs[slab]!, QUERY_AT, count, this.#stride, OUT_AT);
      for (let i = 0; i < count; i++, row++) {
        const size = this.steps[row]!;
        scores[row] = size === 0 ? -Infinity : out[i]! * size * step;
      }
    }
  }

  release(): void {
    this.#pool.release(this.#slabs.splice(0));
    this.length = 0;
  }

  #setStep(row: number, step: number): void {
    this.#present += Number(step !== 0) - Number(this.steps[row] !== 0);
    this.steps[row] = step;
  }

  #addressOf(row: number): number {
    const slab = Math.floor(row / this.#rowsPerSlab);
    return this.#slabs[slab]! + (row - slab * this.#rowsPerSlab) * this.#stride;
  }

  #writeQuery(unit: Float32Array): number {
    const query = new Int16Array(this.#pool.buffer, QUERY_AT, this.#stride);
    let largest = 0;
    for (const value of unit) largest = Math.max(largest, Math.abs(value));
    const step = largest / QUERY_STEPS || 1;
    query.fill(0);
    for (let i = 0; i < unit.length; i++) query[i] = Math.round(unit[i]! / step);
    return step;
  }
}

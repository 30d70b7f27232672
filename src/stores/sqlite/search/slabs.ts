import { AstrocyteError } from "../../../core/errors.ts";
import { type Kernel, loadKernel } from "./kernel.ts";

/*
 * One WebAssembly memory a thread, cut into equal slabs that the banks' matrices are made of. A memory a bank
 * would cost each bank gigabytes of address space and could not be given back.
 */

export const SLAB_BYTES = 16_384;
/** One row must fit in a slab. */
export const MAX_DIMENSIONS = SLAB_BYTES;

const PAGE = 65_536;
/** Workspace before the first slab: one float32 row, the int16 query, one slab's results. */
export const ROW_AT = 0;
export const QUERY_AT = ROW_AT + MAX_DIMENSIONS * 4;
export const OUT_AT = QUERY_AT + MAX_DIMENSIONS * 2;
const SLABS_AT = 2 * PAGE;

export class Slabs {
  readonly #memory = new WebAssembly.Memory({ initial: 2, maximum: PAGE });
  readonly kernel: Kernel = loadKernel(this.#memory);
  readonly #free: number[] = [];
  #end = SLABS_AT;

  /** Changes whenever the memory grows: never kept. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#end + SLAB_BYTES > this.#memory.buffer.byteLength) this.#grow();
    const slab = this.#end;
    this.#end += SLAB_BYTES;
    return slab;
  }

  /** Gives slabs back, emptied. */
  release(slabs: number[]): void {
    for (const slab of slabs) new Uint8Array(this.#memory.buffer, slab, SLAB_BYTES).fill(0);
    this.#free.push(...slabs);
  }

  #grow(): void {
    try {
      this.#memory.grow(16);
    } catch (cause) {
      throw new AstrocyteError("store_failed", "[store] no memory for vectors. Lower the cache size.", {
        cause,
      });
    }
  }
}

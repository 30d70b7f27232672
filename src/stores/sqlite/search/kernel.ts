/** `kernel.wat`, assembled; that file says how. */
const BYTES =
  "AGFzbQEAAAABEAJgBX9/f39/AGADf39/AX0CDwEDZW52Bm1lbW9yeQIAAgMDAgABBxMCBGRvdHMAAAhxdWFudGlzZQABCr4D" +
  "AsMBAgJ/A3sCQANAIAJFDQH9DAAAAAAAAAAAAAAAAAAAAAAhB/0MAAAAAAAAAAAAAAAAAAAAACEIIAEhBiAAIANqIQUDQCAA" +
  "/QAEACEJIAcgCf2HASAG/QAEAP26Af2uASEHIAggCf2IASAG/QAEEP26Af2uASEIIAZBIGohBiAAQRBqIQAgACAFSQ0ACyAH" +
  "IAj9rgEhByAEIAf9GwAgB/0bAWogB/0bAiAH/RsDamo2AgAgBEEEaiEEIAJBAWshAgwACwsL9gEEAn8BewF9AXsgACACQQJ0" +
  "aiEEIAAhA/0MAAAAAAAAAAAAAAAAAAAAACEFA0AgBSAD/QAEAP3gAf3pASEFIANBEGohAyADIARJDQALIAX9HwAgBf0fAZcg" +
  "Bf0fAiAF/R8Dl5chBiAGQwAAAABfBEBDAAAAAA8LQwAA/kIgBpX9EyEHIAAhAwNAIAEgByAD/QAEAP3mAf1q/fgBIAcgA/0A" +
  "BBD95gH9av34Af2FASAHIAP9AAQg/eYB/Wr9+AEgByAD/QAEMP3mAf1q/fgB/YUB/WX9CwQAIAFBEGohASADQcAAaiEDIAMg" +
  "BEkNAAsgBkMAAP5ClQs=";

export type Kernel = {
  /** Dot products of `count` int8 rows with one int16 query, written to `out` as int32. All are addresses. */
  dots(rows: number, query: number, count: number, stride: number, out: number): void;
  /** float32 to int8; returns the size of a step, 0 for a vector of zeros. */
  quantise(from: number, to: number, length: number): number;
};

export function loadKernel(memory: WebAssembly.Memory): Kernel {
  const code = new WebAssembly.Module(Buffer.from(BYTES, "base64"));
  return new WebAssembly.Instance(code, { env: { memory } }).exports as Kernel;
}

/** `kernel.wat`, assembled; that file says how. */
const BYTES =
  "AGFzbQEAAAABEAJgBX9/f39/AGADf39/AX0CDwEDZW52Bm1lbW9yeQIAAgMDAgABBxMCBGRvdHMAAAhxdWFudGlzZQABCrgD" +
  "Ar0BAgJ/AnsCQANAIAJFDQH9DAAAAAAAAAAAAAAAAAAAAAAhB/0MAAAAAAAAAAAAAAAAAAAAACEIIAEhBiAAIANqIQUDQCAH" +
  "IAD9AQMAIAb9AAQA/boB/a4BIQcgCCAA/QEDCCAG/QAEEP26Af2uASEIIAZBIGohBiAAQRBqIQAgACAFSQ0ACyAHIAj9rgEh" +
  "ByAEIAf9GwAgB/0bAWogB/0bAiAH/RsDamo2AgAgBEEEaiEEIAJBAWshAgwACwsL9gEEAn8BewF9AXsgACACQQJ0aiEEIAAh" +
  "A/0MAAAAAAAAAAAAAAAAAAAAACEFA0AgBSAD/QAEAP3gAf3pASEFIANBEGohAyADIARJDQALIAX9HwAgBf0fAZcgBf0fAiAF" +
  "/R8Dl5chBiAGQwAAAABfBEBDAAAAAA8LQwAA/kIgBpX9EyEHIAAhAwNAIAEgByAD/QAEAP3mAf1q/fgBIAcgA/0ABBD95gH9" +
  "av34Af2FASAHIAP9AAQg/eYB/Wr9+AEgByAD/QAEMP3mAf1q/fgB/YUB/WX9CwQAIAFBEGohASADQcAAaiEDIAMgBEkNAAsg" +
  "BkMAAP5ClQs=";

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

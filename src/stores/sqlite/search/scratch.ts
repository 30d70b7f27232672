/** Working arrays of a thread, reused by every query so that none is allocated per call. */
export class Scratch {
  scores: Float32Array<ArrayBuffer> = new Float32Array(0);
  contexts: Float32Array<ArrayBuffer> = new Float32Array(0);
  /** Frequency of the term at hand around each document; zeros between uses. */
  window: Uint16Array<ArrayBuffer> = new Uint16Array(0);
  touched: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  postings: Uint32Array<ArrayBuffer> = new Uint32Array(0);

  reserve(length: number): void {
    if (length <= this.scores.length) return;
    const size = Math.ceil(length * 1.25);
    this.scores = new Float32Array(size);
    this.contexts = new Float32Array(size);
    this.window = new Uint16Array(size);
    this.touched = new Uint32Array(size);
    this.postings = new Uint32Array(size);
  }
}

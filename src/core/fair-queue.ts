/** First in, first out within a lane; lanes take turns, so that a full one never delays the others. */
export class FairQueue<T> {
  /** In the order in which the lanes are served. */
  readonly #lanes = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(lane: string, item: T): void {
    const items = this.#lanes.get(lane);
    if (items) items.push(item);
    else this.#lanes.set(lane, [item]);
    this.#size++;
  }

  /** The oldest item of the first lane, in their turn, where that one fits; the lane goes to the end. */
  shift(fits: (item: T) => boolean): T | undefined {
    for (const [lane, items] of this.#lanes) {
      if (!fits(items[0]!)) continue;
      const item = items.shift();
      this.#lanes.delete(lane);
      if (items.length > 0) this.#lanes.set(lane, items);
      this.#size--;
      return item;
    }
    return undefined;
  }

  /** The oldest item of the lane whose turn it is; it stays. */
  first(): T | undefined {
    for (const [item] of this.#lanes.values()) return item;
    return undefined;
  }

  /** Takes out one item; false when it is not waiting any more. */
  remove(lane: string, item: T): boolean {
    const items = this.#lanes.get(lane);
    const index = items?.indexOf(item) ?? -1;
    if (!items || index < 0) return false;
    items.splice(index, 1);
    if (items.length === 0) this.#lanes.delete(lane);
    this.#size--;
    return true;
  }

  /** Empties the queue. */
  drain(): T[] {
    const all = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#size = 0;
    return all;
  }
}

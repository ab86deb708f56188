/** A binary heap that can also be walked from the top, leaving out what cannot matter. */
export class BinaryHeap<T> {
  #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    const [top] = this.#items;
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return top;
    this.#items[0] = last;
    this.#sink(0);
    return top;
  }

  /**
   * Visits items from the top down and leaves out everything below one for which `visit` says
   * false: what is below comes later in the order.
   */
  walk(visit: (item: T) => boolean): void {
    const pending = [0];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const item = this.#items[at];
      if (item === undefined || !visit(item)) continue;
      pending.push(2 * at + 2, 2 * at + 1);
    }
  }

  keep(isKept: (item: T) => boolean): void {
    this.#items = this.#items.filter(isKept);
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  #rise(from: number): void {
    const item = this.#items[from] as T;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent] as T;
      if (!this.#isBefore(item, above)) break;
      this.#items[at] = above;
      at = parent;
    }
    this.#items[at] = item;
  }

  #sink(from: number): void {
    const item = this.#items[from] as T;
    const { length } = this.#items;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      const right = this.#items[child + 1];
      if (right !== undefined && this.#isBefore(right, this.#items[child] as T)) child += 1;
      const below = this.#items[child] as T;
      if (!this.#isBefore(below, item)) break;
      this.#items[at] = below;
      at = child;
    }
    this.#items[at] = item;
  }
}

type Listener = ((event: object) => void) | { handleEvent(event: object): void };

/**
 * AbortSignal as far as anybody here uses it. The platform's makes an event target and an event for
 * each of the thousands of sleeps of a seed; the order of what it calls is the same.
 */
export class PlainSignal {
  aborted = false;
  reason: unknown = undefined;
  onabort: ((event: object) => void) | null = null;
  readonly #listeners = new Map<Listener, boolean>();
  /** Signals that abort with this one, after its own listeners. */
  readonly #followers = new Set<PlainSignal>();
  #leaders: readonly PlainSignal[] = [];

  static any(signals: Iterable<PlainSignal>): PlainSignal {
    const follower = new PlainSignal();
    const leaders = [...signals];
    const first = leaders.find(({ aborted }) => aborted);
    if (first !== undefined) {
      follower.aborted = true;
      follower.reason = first.reason;
      return follower;
    }
    follower.#leaders = leaders;
    for (const leader of leaders) leader.#followers.add(follower);
    return follower;
  }

  addEventListener(type: string, listener: Listener, options?: { once?: boolean }): void {
    if (type !== "abort" || this.#listeners.has(listener)) return;
    this.#listeners.set(listener, options?.once === true);
  }

  removeEventListener(type: string, listener: Listener): void {
    if (type === "abort") this.#listeners.delete(listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    const all = this.#withFollowers();
    for (const signal of all) {
      signal.aborted = true;
      signal.reason = reason;
    }
    for (const signal of all) signal.#tell();
  }

  #withFollowers(): PlainSignal[] {
    return [this, ...[...this.#followers].flatMap((follower) => follower.#withFollowers())];
  }

  #tell(): void {
    for (const leader of this.#leaders) leader.#followers.delete(this);
    const event = { type: "abort", target: this };
    this.onabort?.(event);
    // As on the platform whoever is added meanwhile is told too, and whoever has left is not.
    for (const [listener, isOnce] of this.#listeners) {
      if (isOnce) this.#listeners.delete(listener);
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    }
  }
}

/** Thousands of a seed's sleeps end that way; the platform's reason has a stack each time. */
const ABORTED = new DOMException("This operation was aborted", "AbortError");

export class PlainAbortController {
  readonly signal = new PlainSignal();

  abort(reason: unknown = ABORTED): void {
    this.signal.abort(reason);
  }
}

import { RedisFailure } from "./backend.ts";

export type MemoryValue =
  | { type: "string"; text: string }
  | { type: "hash"; fields: Map<string, string> }
  | { type: "zset"; scores: Map<string, number> };

interface Entry {
  value: MemoryValue;
  expiresAtMs: number | undefined;
}

export type MemoryKind = MemoryValue["type"];

/** Thrown by commands and turned into an answer at the backend's edge. */
export class CommandError extends Error {
  readonly failure: RedisFailure;
  constructor(message: string) {
    super(message);
    this.failure = new RedisFailure(message);
  }
}

/** Keys with a type and a time to live, by the clock of the stand-in. */
export class MemoryStore {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs();
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#live(key) !== undefined);
  }

  typeOf(key: string): MemoryKind | "none" {
    return this.#live(key)?.value.type ?? "none";
  }

  /** @throws CommandError when the key holds another type. */
  string(key: string): string | undefined {
    const value = this.#live(key)?.value;
    if (value === undefined) return undefined;
    return value.type === "string" ? value.text : failWrongType();
  }

  /** @throws CommandError when the key holds another type. */
  hash(key: string): Map<string, string> | undefined {
    const value = this.#live(key)?.value;
    if (value === undefined) return undefined;
    return value.type === "hash" ? value.fields : failWrongType();
  }

  /** @throws CommandError when the key holds another type. */
  sortedSet(key: string): Map<string, number> | undefined {
    const value = this.#live(key)?.value;
    if (value === undefined) return undefined;
    return value.type === "zset" ? value.scores : failWrongType();
  }

  /** Replaces the value; an existing time to live stays unless `expiresAtMs` says otherwise. */
  set(key: string, value: MemoryValue, expiresAtMs = this.expiresAtMs(key)): void {
    this.#entries.set(key, { value, expiresAtMs });
  }

  /** Replaces the value and makes it stay for ever. */
  setForever(key: string, value: MemoryValue): void {
    this.#entries.set(key, { value, expiresAtMs: undefined });
  }

  expiresAtMs(key: string): number | undefined {
    return this.#live(key)?.expiresAtMs;
  }

  /** False when there is no such key. A time in the past deletes it. */
  expireAt(key: string, expiresAtMs: number | undefined): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    entry.expiresAtMs = expiresAtMs;
    return true;
  }

  delete(key: string): boolean {
    const isLive = this.#live(key) !== undefined;
    this.#entries.delete(key);
    return isLive;
  }

  clear(): void {
    this.#entries.clear();
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > this.#nowMs()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

function failWrongType(): never {
  throw new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

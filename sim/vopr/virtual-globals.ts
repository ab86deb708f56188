import { PlainAbortController, PlainSignal } from "./plain-abort.ts";
import { createNamedPrng } from "../models/prng.ts";

/**
 * Packages that we run but did not write may read the platform's clock and chance. For as long as
 * a seed runs they get those of the world.
 */
export function installVirtualGlobals(nowMs: () => number, seed: number): () => void {
  const prng = createNamedPrng(seed, "globals");
  const originals = [
    replace(Date, "now", nowMs),
    replace(Math, "random", () => prng.nextFloat()),
    replace(globalThis, "AbortController", PlainAbortController),
    replace(globalThis, "AbortSignal", PlainSignal),
    replace(globalThis, "structuredClone", cloneQuickly),
    replace(crypto, "randomUUID", () => "00000000-0000-4000-8000-000000000000"),
  ];
  return () => originals.forEach((restore) => restore());
}

const cloneThoroughly = globalThis.structuredClone;

/** A JWT's claims are cloned before they are signed; the platform does it by way of bytes. */
function cloneQuickly(...[value, options]: Parameters<typeof structuredClone>): unknown {
  return isPlain(value) ? copyPlain(value) : cloneThoroughly(value, options);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function";
  const isList = Array.isArray(value);
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isPlain);
}

function copyPlain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyPlain);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyPlain(field)]));
}

function replace(holder: object, name: string, value: unknown): () => void {
  const original: unknown = Reflect.get(holder, name);
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  return () => {
    Object.defineProperty(holder, name, { value: original, configurable: true, writable: true });
  };
}

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
    replace(AbortController.prototype, "abort", abortWithSharedReason),
    replace(crypto, "randomUUID", () => "00000000-0000-4000-8000-000000000000"),
  ];
  return () => originals.forEach((restore) => restore());
}

const abort = Reflect.get(AbortController.prototype, "abort");
const ABORTED = new DOMException("This operation was aborted", "AbortError");

/** The platform makes a reason with a stack for each; thousands of a seed's sleeps end that way. */
function abortWithSharedReason(this: AbortController, reason: unknown = ABORTED): void {
  Reflect.apply(abort, this, [reason]);
}

function replace(holder: object, name: string, value: unknown): () => void {
  const original: unknown = Reflect.get(holder, name);
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  return () => {
    Object.defineProperty(holder, name, { value: original, configurable: true, writable: true });
  };
}

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
    replace(crypto, "randomUUID", () => "00000000-0000-4000-8000-000000000000"),
  ];
  return () => originals.forEach((restore) => restore());
}

function replace(holder: object, name: string, value: unknown): () => void {
  const original: unknown = Reflect.get(holder, name);
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  return () => {
    Object.defineProperty(holder, name, { value: original, configurable: true, writable: true });
  };
}

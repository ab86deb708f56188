import { EDGE_MUTANTS } from "./edge.ts";
import { ENGINE_MUTANTS } from "./engine.ts";
import { EXIT_MUTANTS } from "./exits.ts";
import { FAST_PATH_MUTANTS } from "./fast-path.ts";
import { JOBS_MUTANTS } from "./jobs.ts";
import type { Mutant } from "./mutant.ts";
import { NONCE_MUTANTS } from "./nonce.ts";
import { STORE_MUTANTS } from "./store.ts";
import { VENUE_MUTANTS } from "./venue.ts";

export const MUTANTS: readonly Mutant[] = [
  ...EDGE_MUTANTS,
  ...JOBS_MUTANTS,
  ...ENGINE_MUTANTS,
  ...EXIT_MUTANTS,
  ...FAST_PATH_MUTANTS,
  ...NONCE_MUTANTS,
  ...VENUE_MUTANTS,
  ...STORE_MUTANTS,
];

/** @throws when there is none of that name. */
export function findMutant(name: string): Mutant {
  const found = MUTANTS.find((one) => one.name === name);
  if (found === undefined) {
    const names = MUTANTS.map((one) => one.name).join(", ");
    throw new Error(`expected a mutant's name, was ${name}; there are ${names}`);
  }
  return found;
}

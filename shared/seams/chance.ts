/** Randomness for jitter and simulation. Never for secrets. */
export interface Prng {
  /** Uniform in [0, 1). */
  nextFloat(): number;
  /** Uniform integer in [0, bound). `bound` is at least 1. */
  nextInt(bound: number): number;
}

/** Unguessable identifiers. Production draws them from the operating system. */
export interface IdSource {
  /** `byteCount` random bytes as base64url without padding. */
  token(byteCount: number): string;
}

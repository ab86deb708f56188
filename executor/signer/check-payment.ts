import type { AccountKey } from "./account-key.ts";
import type { Step } from "./check-setup.ts";
import type { Message } from "./message.ts";

/** Whatever the intent allows: the highest priority fee that can be set, and the signature. */
const FEE_LAMPORTS_CEILING = 100_005_000n;
const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO_LAMPORTS_PER_LAMPORT = 1_000_000n;
/** The runtime's own ceiling; it also stands in when a message sets a price but no limit. */
const UNITS_MAX = 1_400_000n;

/** The wallet pays and signs, and nobody else does. */
export function checkPayer(message: Message, wallet: AccountKey): string | undefined {
  if (message.staticKeys[0] !== wallet) return "the fee payer is not the wallet";
  if (message.signatures !== 1) return `expected one signature, was ${message.signatures}`;
  return undefined;
}

export function checkFee(
  steps: readonly Step[],
  message: Message,
  feeLamportsMax: bigint,
): string[] {
  let units = UNITS_MAX;
  let microLamports = 0n;
  for (const step of steps) {
    if (step.kind === "unitLimit") units = step.units;
    if (step.kind === "unitPrice") microLamports = step.microLamports;
  }
  if (units > UNITS_MAX) return [`expected at most ${UNITS_MAX} compute units, was ${units}`];
  const priority =
    (units * microLamports + MICRO_LAMPORTS_PER_LAMPORT - 1n) / MICRO_LAMPORTS_PER_LAMPORT;
  const fee = LAMPORTS_PER_SIGNATURE * BigInt(message.signatures) + priority;
  if (fee > FEE_LAMPORTS_CEILING) {
    return [`expected a network fee of at most ${FEE_LAMPORTS_CEILING} lamports ever, was ${fee}`];
  }
  if (fee > feeLamportsMax) {
    return [`expected a network fee of at most ${feeLamportsMax}, was ${fee} lamports`];
  }
  return [];
}

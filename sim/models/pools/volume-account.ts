import type { ModelTransfer, ModelView, ModelWrite } from "../program-model.ts";
import { PUMP_PROGRAM, VOLUME_BYTES, VOLUME_TAG } from "./pump-accounts.ts";
import { StateWriter } from "./state-bytes.ts";

const LAMPORTS_PER_BYTE = 6_960n;
const ACCOUNT_OVERHEAD_BYTES = 128;

/** What an account of that size costs its payer for good. */
export function rentLamports(bytes: number): bigint {
  return BigInt(bytes + ACCOUNT_OVERHEAD_BYTES) * LAMPORTS_PER_BYTE;
}

/** A buyer's first buy also pays for the account that counts his volume. */
export function buyVolume(
  view: ModelView,
  user: string,
  pubkey: string,
  owner = PUMP_PROGRAM,
): { transfers: ModelTransfer[]; writes: ModelWrite[] } {
  if ((view.dataOf(pubkey)?.length ?? 0) > 0) return { transfers: [], writes: [] };
  const lamports = rentLamports(VOLUME_BYTES) - view.lamportsOf(pubkey);
  const data = new StateWriter().raw(VOLUME_TAG).key(user).bytes(VOLUME_BYTES);
  return {
    transfers: lamports > 0n ? [{ kind: "sol", from: user, to: pubkey, lamports }] : [],
    writes: [{ pubkey, owner, data }],
  };
}

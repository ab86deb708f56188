import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { DeskClaim } from "../ports/desk-claim.ts";
import type { Signer, SignRequest } from "../ports/signer.ts";

/**
 * The last check before a key is used, in the same turn as the request leaves: whoever decided
 * earlier may have been stopped in between. What lives by a nonce passes while the claim is only in
 * doubt.
 */
export function guardSigner(
  signer: Signer,
  claim: Pick<DeskClaim, "blockhashHold" | "signingHold">,
): Signer {
  return {
    async sign(request) {
      const hold = isByNonce(request) ? claim.signingHold() : claim.blockhashHold();
      if (hold !== undefined) return { outcome: "refused", reasons: [hold] };
      return signer.sign(request);
    },
    async createWallet(walletId, userId) {
      const reason = claim.signingHold();
      if (reason !== undefined) throw new RaptorError("RAPTOR_LEASE__FENCED", { reason });
      return signer.createWallet(walletId, userId);
    },
  };
}

function isByNonce({ intent }: SignRequest): boolean {
  return intent.kind === "solanaSwap" && intent.nonce !== null;
}

import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { DeskClaim } from "../ports/desk-claim.ts";
import type { Signer, SignRequest } from "../ports/signer.ts";

/**
 * The last check before a key is used, in the same turn as the request leaves: whoever decided
 * earlier may have been stopped in between. What lives by a nonce passes while the claim is only in
 * doubt. The signer is told until when the claim counts, as the request may be stopped in the pipe.
 */
export function guardSigner(
  signer: Signer,
  claim: Pick<DeskClaim, "blockhashHold" | "signingHold" | "turn">,
): Signer {
  return {
    async sign(request) {
      const isNonce = isByNonce(request);
      const hold = isNonce ? claim.signingHold() : claim.blockhashHold();
      if (hold !== undefined) return { outcome: "refused", reasons: [hold] };
      const turn = claim.turn(isNonce);
      return signer.sign(turn === undefined ? request : { ...request, turn });
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

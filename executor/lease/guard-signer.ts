import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { DeskClaim } from "../ports/desk-claim.ts";
import type { Signer, SignRequest } from "../ports/signer.ts";

/**
 * The last check before a key is used, in the same turn as the request leaves: whoever decided
 * earlier may have been stopped in between. What lives by a nonce passes while the claim is only in
 * doubt. The signer is told until when the claim counts, as the request may be stopped in the pipe.
 * That it is not our turn says nothing about the bytes: it is thrown, so that nobody takes it for a
 * transaction that was found unsafe.
 */
export function guardSigner(
  signer: Signer,
  claim: Pick<DeskClaim, "blockhashHold" | "signingHold" | "turn">,
): Signer {
  return {
    async sign(request) {
      const isNonce = isByNonce(request);
      assertMaySign(claim);
      const hold = isNonce ? undefined : claim.blockhashHold();
      if (hold !== undefined) throw inDoubt(hold);
      const turn = claim.turn(isNonce);
      const answer = await signer.sign(turn === undefined ? request : { ...request, turn });
      if (answer.outcome === "refused" && answer.isTurnOver === true) {
        throw inDoubt(answer.reasons.join("; "));
      }
      return answer;
    },
    async createWallet(walletId, userId) {
      assertMaySign(claim);
      return signer.createWallet(walletId, userId);
    },
    // Says nothing that could be misused, whoever's turn it is.
    checkWallet: (wallet) => signer.checkWallet(wallet),
  };
}

function assertMaySign(claim: Pick<DeskClaim, "signingHold">): void {
  const reason = claim.signingHold();
  if (reason !== undefined) throw new RaptorError("RAPTOR_LEASE__FENCED", { reason });
}

function inDoubt(reason: string): RaptorError {
  return new RaptorError("RAPTOR_LEASE__IN_DOUBT", { reason });
}

function isByNonce({ intent }: SignRequest): boolean {
  if (intent.kind === "solanaSwap") return intent.nonce !== null;
  return intent.kind === "solanaVoidNonce";
}

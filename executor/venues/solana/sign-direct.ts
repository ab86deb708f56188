import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import type { Signer, SwapIntent } from "../../ports/signer.ts";
import { keyBytes, patchTemplate } from "./direct-template.ts";
import type { DirectDraft } from "./prepare-direct.ts";
import { refused, type Step } from "./prepare-step.ts";
import { LAMPORTS_PER_SIGNATURE } from "./priority-fee.ts";
import { encodeTransaction } from "./swap-message.ts";

export interface DirectSignDeps {
  signer: Signer;
  feeLamportsMax: bigint;
}

/** The whole message of a draft, patched from its template. */
export function messageOf(
  { direct, lifetime, route, template, landing }: DirectDraft,
  unitLimit: number,
  unitPriceMicroLamports: bigint,
): Buffer {
  return patchTemplate(template, {
    lifetime: keyBytes(lifetime.blockhash),
    nonceAccount: lifetime.nonce === undefined ? undefined : keyBytes(lifetime.nonce.account),
    unitLimit,
    unitPriceMicroLamports,
    quantityIn: direct.request.quantityIn,
    quantityOutMin: route.quantityOutMin,
    tips: landing.landing.tips,
  });
}

/** Has the signer judge and sign the patched bytes. */
export async function signDirect(
  deps: DirectSignDeps,
  draft: DirectDraft,
  unitLimit: number,
  unitPriceMicroLamports: bigint,
): Promise<Step<{ identity: string; payload: string }>> {
  const { order, wallet, wrapped, direct, plan, lifetime, route, landing } = draft;
  const { tipLamports } = landing;
  const message = messageOf(draft, unitLimit, unitPriceMicroLamports);
  const { nonce } = lifetime;
  const intent: SwapIntent = {
    kind: "solanaSwap",
    side: plan.side,
    wallet: wallet.address,
    mint: plan.accounts.mint,
    tokenProgram: plan.accounts.tokenProgram,
    quantityIn: String(direct.request.quantityIn),
    quantityOutMin: String(route.quantityOutMin),
    slippageBpsMax: order.slippageBpsMax,
    feeLamportsMax: String(LAMPORTS_PER_SIGNATURE + deps.feeLamportsMax - tipLamports),
    lookupTables: [],
    walletTokenAccounts: [],
    tokenQuantityMin: "0",
    tipLamportsMax: String(tipLamports),
    nonce: nonce === undefined ? null : { index: nonce.index, value: nonce.value },
  };
  const answer = await deps.signer.sign({
    alg: "ed25519",
    walletId: wallet.walletId,
    userId: wallet.userId,
    wrapped,
    intent,
    message: message.toString("base64"),
  });
  if (answer.outcome === "refused") {
    return refused(`the signer refused: ${answer.reasons.join("; ")}`, true);
  }
  const signature = decodeBase58(answer.signature);
  assert(signature?.length === 64, "the signer answers 64 bytes in base58");
  const payload = encodeTransaction(signature, message);
  return { ok: true, value: { identity: answer.signature, payload } };
}

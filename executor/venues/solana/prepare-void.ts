import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import type { Signer } from "../../ports/signer.ts";
import type { VoidOutcome } from "../../ports/venue.ts";
import { fetchNonceLifetime } from "./attempt-lifetime.ts";
import type { FeeBook } from "./fee-book.ts";
import { mintOf } from "./instrument-name.ts";
import { advanceNonce } from "./nonce-instructions.ts";
import { capUnitPrice, LAMPORTS_PER_SIGNATURE, priorityFeeLamports } from "./priority-fee.ts";
import type { Rpc } from "./rpc.ts";
import { compile } from "./setup-transaction.ts";
import { deriveSwapAccounts, setUnitLimit, setUnitPrice } from "./swap-instructions.ts";
import { encodeTransaction } from "./swap-message.ts";

/** Three built-in instructions take a tenth of it; nothing in it can grow. */
const UNIT_LIMIT = 5_000;
/** Calling an entry off is never worth more than this beside the signature. */
const PRIORITY_LAMPORTS_MAX = 1_000_000n;

export interface VoidDeps {
  rpc: Rpc;
  signer: Signer;
  priorityFeeLamportsMax: bigint;
  /** At hand: a doubt is not kept open by a question about fees. */
  fees: Pick<FeeBook, "unitPrice">;
}

/**
 * A transaction that advances the nonce and does nothing else: of it and whatever else stands on
 * that value the chain lets one through. It is not tried out before, because there is nothing in it
 * that could turn out differently, and a node that cannot simulate must not keep a doubt open.
 * @throws RAPTOR_VENUE__UNAVAILABLE while the value is not known to stand; nothing has left then.
 */
export async function prepareVoid(
  { rpc, signer, priorityFeeLamportsMax, fees }: VoidDeps,
  order: OrderRow,
  wallet: WalletRow,
  wrapped: string,
  wanted: { account: string; value: string },
  copies: number,
): Promise<VoidOutcome> {
  const { address } = wallet;
  const { bound, nonce, evidence } = await fetchNonceLifetime(rpc, address, {
    kind: "nonce",
    ...wanted,
  });
  assert(nonce !== undefined, "a void stands on a nonce");
  const { account, value, index } = nonce;
  const priorityMax =
    priorityFeeLamportsMax < PRIORITY_LAMPORTS_MAX ? priorityFeeLamportsMax : PRIORITY_LAMPORTS_MAX;
  const asked = fees.unitPrice(order.side, copies + 1, UNIT_LIMIT, { isReplacement: true });
  const price = capUnitPrice(asked, UNIT_LIMIT, priorityMax);
  const budget = [setUnitLimit(UNIT_LIMIT), setUnitPrice(price)];
  const message = compile(address, [advanceNonce(address, account), ...budget], value);
  const answer = await signer.sign({
    alg: "ed25519",
    walletId: wallet.walletId,
    userId: wallet.userId,
    wrapped,
    intent: {
      kind: "solanaVoidNonce",
      wallet: address,
      index,
      value,
      feeLamportsMax: String(LAMPORTS_PER_SIGNATURE + priorityMax),
    },
    message: Buffer.from(message).toString("base64"),
  });
  if (answer.outcome === "refused") {
    const reason = `the signer refused: ${answer.reasons.join("; ")}`;
    return { outcome: "refused", reason, alert: true };
  }
  const signature = decodeBase58(answer.signature);
  assert(signature?.length === 64, "the signer answers 64 bytes in base58");
  return {
    outcome: "prepared",
    attempt: {
      identity: answer.signature,
      payload: encodeTransaction(signature, message),
      bound,
      exclusionGroup: `nonce:${account}:${value}`,
      costCapLamports: LAMPORTS_PER_SIGNATURE + priorityFeeLamports(UNIT_LIMIT, price),
      // Whose balances nodes are asked about when they tell how it ended.
      route: {
        side: order.side,
        ...deriveSwapAccounts(address, mintOf(order.instrument), order.tokenProgram),
        ...evidence,
        unitLimit: UNIT_LIMIT,
        unitPriceMicroLamports: String(price),
      },
    },
  };
}

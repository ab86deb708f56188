import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { PublicKey, TransactionMessage } from "@solana/web3.js";
import type { CreateNoncesIntent, ReclaimNonceIntent, Signer } from "../../ports/signer.ts";
import { fetchBlockhash } from "./attempt-lifetime.ts";
import type { FeeBook } from "./fee-book.ts";
import type { JupiterInstruction } from "./jupiter-answers.ts";
import { refused, type Step } from "./prepare-step.ts";
import {
  capUnitPrice,
  LAMPORTS_PER_SIGNATURE,
  priorityFeeLamports,
  unitLimitOf,
} from "./priority-fee.ts";
import { signatureAnswer, simulationAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import { describeTransactionError } from "./simulate-swap.ts";
import { encodeInstruction, setUnitLimit, setUnitPrice } from "./swap-instructions.ts";
import { encodeTransaction } from "./swap-message.ts";

/** A few instructions of the system program: never worth more than this beside the signature. */
const PRIORITY_LAMPORTS_MAX = 1_000_000n;
const NO_SIGNATURE = new Uint8Array(64);

export interface SetupDeps {
  rpc: Rpc;
  signer: Signer;
  priorityFeeLamportsMax: bigint;
  fees: Pick<FeeBook, "unitPrice">;
}

/** What an own transaction beside trading does, and how the signer is told. */
export interface SetupPlan {
  instructions: JupiterInstruction[];
  /** What it writes to, for the estimate of the fee. */
  accounts: string[];
  intentOf(feeLamportsMax: string): CreateNoncesIntent | ReclaimNonceIntent;
}

export interface SignedSetup {
  signature: string;
  payload: string;
  /** What its execution costs, rent apart. */
  feeLamports: bigint;
}

/** Simulates and has signed; nothing left the process yet. */
export async function signSetup(
  deps: SetupDeps,
  wallet: WalletRow,
  wrapped: string,
  plan: SetupPlan,
): Promise<Step<SignedSetup>> {
  const { rpc, signer, fees } = deps;
  const { address } = wallet;
  const { value } = await fetchBlockhash(rpc);
  const rehearsal = compile(address, plan.instructions, value.blockhash);
  const simulated = await simulate(rpc, rehearsal);
  if (!simulated.ok) return simulated;
  const unitLimit = unitLimitOf(simulated.value);
  const priorityMax =
    deps.priorityFeeLamportsMax < PRIORITY_LAMPORTS_MAX
      ? deps.priorityFeeLamportsMax
      : PRIORITY_LAMPORTS_MAX;
  const unitPrice = capUnitPrice(fees.unitPrice("buy", 1, unitLimit), unitLimit, priorityMax);
  const budget = [setUnitLimit(unitLimit), setUnitPrice(unitPrice)];
  const message = compile(address, [...budget, ...plan.instructions], value.blockhash);
  const answer = await signer.sign({
    alg: "ed25519",
    walletId: wallet.walletId,
    userId: wallet.userId,
    wrapped,
    intent: plan.intentOf(String(LAMPORTS_PER_SIGNATURE + priorityMax)),
    message: Buffer.from(message).toString("base64"),
  });
  if (answer.outcome === "refused") {
    return refused(`the signer refused: ${answer.reasons.join("; ")}`, true);
  }
  const { signature } = answer;
  const bytes = decodeBase58(signature);
  assert(bytes?.length === 64, "the signer answers 64 bytes in base58");
  const payload = encodeTransaction(bytes, message);
  const feeLamports = LAMPORTS_PER_SIGNATURE + priorityFeeLamports(unitLimit, unitPrice);
  return { ok: true, value: { signature, payload, feeLamports } };
}

/** Hands the bytes to every node. What they answer decides nothing: the accounts do. */
export async function sendSetup(rpc: Rpc, { payload }: SignedSetup): Promise<void> {
  await rpc.raceAll(
    "sendTransaction",
    [payload, { encoding: "base64", skipPreflight: true, maxRetries: 0 }],
    signatureAnswer,
    (result) => result.ok,
  );
}

export function compile(
  payer: string,
  instructions: readonly JupiterInstruction[],
  recentBlockhash: string,
): Uint8Array {
  return new TransactionMessage({
    payerKey: new PublicKey(payer),
    recentBlockhash,
    instructions: instructions.map(encodeInstruction),
  })
    .compileToV0Message()
    .serialize();
}

/** The units that it takes. */
async function simulate(rpc: Rpc, message: Uint8Array): Promise<Step<number>> {
  const { value } = await rpc.askNewest(
    "simulateTransaction",
    [
      encodeTransaction(NO_SIGNATURE, message),
      {
        encoding: "base64",
        commitment: "confirmed",
        sigVerify: false,
        replaceRecentBlockhash: true,
        accounts: { encoding: "base64", addresses: [] },
      },
    ],
    simulationAnswer,
    ({ context }) => context.slot,
  );
  if (value.err !== null) return refused(describeTransactionError(value.err), false);
  return { ok: true, value: value.unitsConsumed ?? 0 };
}

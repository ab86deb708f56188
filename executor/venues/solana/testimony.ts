import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRoute } from "./attempt-route.ts";
import { type ChainDeltas, deriveChainDeltas } from "./chain-deltas.ts";
import { transactionAnswer, type TransactionAnswer } from "./rpc-answers.ts";
import type { DecidedWord } from "./signature-status.ts";

/** A node that says how a transaction ended and shows the transaction itself. */
export interface Testimony {
  word: DecidedWord;
  transaction: TransactionAnswer;
  deltas: ChainDeltas;
}

/**
 * The transactions of all nodes that say how it ended. A node may know the end before it can show
 * the balances; one whose transaction contradicts its own word testifies to nothing.
 */
export async function fetchTestimonies(
  signature: string,
  route: AttemptRoute,
  words: readonly DecidedWord[],
): Promise<Testimony[]> {
  const found = await Promise.all(
    words.map(async (word): Promise<Testimony[]> => {
      const options = {
        encoding: "json",
        commitment: "confirmed",
        maxSupportedTransactionVersion: 0,
      };
      const params = [signature, options];
      const result = await word.provider.call("getTransaction", params, transactionAnswer);
      if (!result.ok || result.value === null) return [];
      const transaction = result.value;
      // A node that shows another transaction is not talking about ours.
      if (transaction.transaction.signatures[0] !== signature) return [];
      if (JSON.stringify(transaction.meta.err) !== JSON.stringify(word.err)) return [];
      const { wallet, mint, tipLamports } = route;
      const deltas = deriveChainDeltas(transaction, wallet, mint, tipLamports);
      return [{ word, transaction, deltas }];
    }),
  );
  return found.flat();
}

/** Whether two nodes tell the same story: the same slot, the same end, the same money. */
export function isSameStory(left: Testimony, right: Testimony): boolean {
  return describe(left) === describe(right);
}

/** The first testimony that another node confirms, if any. */
export function findAgreed(testimonies: readonly Testimony[]): Testimony | undefined {
  return testimonies.find((one, at) =>
    testimonies.some((other, otherAt) => otherAt > at && isSameStory(one, other)),
  );
}

export function evidenceOf({ word, transaction, deltas }: Testimony): Evidence {
  return {
    provider: word.provider.name,
    slot: transaction.slot,
    commitment: word.isFinal ? "finalized" : "confirmed",
    blockTime: transaction.blockTime ?? null,
    deltas: textsOf(deltas),
  };
}

function describe({ transaction, deltas }: Testimony): string {
  return JSON.stringify([transaction.slot, transaction.meta.err, textsOf(deltas)]);
}

function textsOf(deltas: ChainDeltas): Record<string, string> {
  return Object.fromEntries(Object.entries(deltas).map(([name, value]) => [name, String(value)]));
}

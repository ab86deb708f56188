import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { LedgerRecord } from "../models/ledger-chain.ts";
import { tokenQuantityOf } from "../models/ledger-accounts.ts";
import type { Checker, Watch } from "./checker.ts";

/** So long a fork may be on its way through the nodes and the balances read from them. */
const FORK_MS = 30_000;

/**
 * Invariant 4, its outer half. After every commit: nothing is written off that the chain still
 * holds. At rest: the positions are what the chain holds, fees apart.
 */
export function createBalances(watch: Watch): Checker {
  const wallets = new Map<string, string>();
  const positions = new Map<string, EventPayloads["PositionChanged"]>();
  const booked = new Set<string>();
  /** What the chain executed and the journal does not know yet. */
  const unbooked = new Map<string, LedgerRecord>();

  /** Tokens that a landing of this moment brought, which no position claims so far. */
  function broughtBy({ transaction, before, after }: LedgerRecord, owner: string, mint: string) {
    return transaction.staticKeys.reduce((sum, key, at) => {
      const account = watch.chain.tokenAccount(key);
      if (account?.owner !== owner || account.mint !== mint) return sum;
      return sum + tokenQuantityOf(after[at]) - tokenQuantityOf(before[at]);
    }, 0n);
  }

  function unclaimed(owner: string, mint: string): bigint {
    let sum = 0n;
    for (const [signature, record] of unbooked) {
      if (watch.chain.record(signature) === undefined) continue;
      const brought = broughtBy(record, owner, mint);
      if (brought > 0n) sum += brought;
    }
    return sum;
  }

  function checkLoss(next: EventPayloads["PositionChanged"]): void {
    const before = BigInt(positions.get(next.positionId)?.quantity ?? "0");
    const isLoss = next.cause.kind !== "fill" && BigInt(next.quantity) < before;
    if (!isLoss || watch.nowMs() - watch.deepForkMs() < FORK_MS) return;
    const address = wallets.get(next.walletId) ?? "";
    const mint = next.instrument.slice(0, next.instrument.indexOf("."));
    const held = watch.chain.quantityOf(address, mint) - unclaimed(address, mint);
    if (held < before) return;
    watch.report(`${next.positionId} was written down to ${next.quantity}, the chain has ${held}`);
  }

  return {
    name: "4 balances",
    onLanded(record) {
      if (record.err === null && !booked.has(record.signature)) {
        unbooked.set(record.signature, record);
      }
    },
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "WalletCreated") wallets.set(payload.walletId, payload.address);
        if (kind === "FillRecorded") {
          booked.add(payload.fillId);
          unbooked.delete(payload.fillId);
        }
        if (kind === "FillReversed") booked.delete(payload.fillId);
        if (kind !== "PositionChanged") continue;
        checkLoss(payload);
        positions.set(payload.positionId, payload);
      }
    },
    atRest() {
      const held = new Map<string, bigint>();
      for (const { walletId, instrument, quantity } of positions.values()) {
        const key = `${walletId}/${instrument.slice(0, instrument.indexOf("."))}`;
        held.set(key, (held.get(key) ?? 0n) + BigInt(quantity));
      }
      for (const [walletId, address] of wallets) {
        for (const { mint, symbol } of watch.chain.market.tokens()) {
          const ledger = held.get(`${walletId}/${mint}`) ?? 0n;
          const chain = watch.chain.quantityOf(address, mint);
          if (ledger === chain) continue;
          watch.report(`${symbol} of ${walletId}: the ledger says ${ledger}, the chain ${chain}`);
        }
      }
    },
  };
}

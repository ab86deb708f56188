import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** Invariant 4, its outer half, at rest: the positions are what the chain holds, fees apart. */
export function createBalances(watch: Watch): Checker {
  const wallets = new Map<string, string>();
  const positions = new Map<string, EventPayloads["PositionChanged"]>();
  return {
    name: "4 balances",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "WalletCreated") wallets.set(payload.walletId, payload.address);
        if (kind === "PositionChanged") positions.set(payload.positionId, payload);
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

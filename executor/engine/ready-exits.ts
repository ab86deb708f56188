import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { PositionRow } from "@raptor/shared/domain/rows.ts";
import type { ReadyHolding } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { mintOf } from "./ids.ts";

/** Each costs about a tenth of a millisecond, for the addresses that follow from it. */
const HELD_AT_ONCE = 20;
const HOLD_PAUSE_MS = 2;

/**
 * Has the venue keep at hand what the exits of open positions will need, so that none of it has to
 * be asked for when a price crosses: the pool, the balances, the nonces of the wallets concerned.
 */
export class ReadyExits {
  readonly #context: EngineContext;
  readonly #holdings = new Map<string, ReadyHolding>();
  /** By account; the wallet that it belongs to. */
  readonly #nonces = new Map<string, { walletId: string }>();
  /** Open positions by wallet: a commit must not read hundreds of rows to count them. */
  readonly #openOf = new Map<string, Set<string>>();
  #isStopped = false;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  start(): void {
    const { store, onFatal } = this.#context;
    store.onCommit((events) => this.#onCommit(events));
    const open = store.openPositionIds();
    for (const { walletId, positionId } of open) this.#noteOpen(walletId, positionId);
    for (const walletId of new Set(open.map((one) => one.walletId))) this.#holdNonces(walletId);
    const positionIds = open.map(({ positionId }) => positionId);
    void this.#holdAll(positionIds).catch((error: unknown) => onFatal(error));
  }

  /** In small steps: a large desk must go on trading meanwhile. */
  async #holdAll(positionIds: readonly string[]): Promise<void> {
    const { clock } = this.#context;
    for (const [at, positionId] of positionIds.entries()) {
      if (this.#isStopped) return;
      this.#look(positionId);
      if (at % HELD_AT_ONCE === HELD_AT_ONCE - 1) await clock.sleep(HOLD_PAUSE_MS);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  #onCommit(events: readonly JournalEvent[]): void {
    if (this.#isStopped) return;
    for (const { kind, payload } of events) {
      if (kind === "PositionChanged") this.#look(payload.positionId);
      else if (kind === "NonceAccountsCreated") this.#holdNonces(payload.walletId);
      else if (kind === "NonceAccountReclaimed") this.#dropNonce(payload.account);
    }
  }

  #look(positionId: string): void {
    const position = this.#context.store.position(positionId);
    if (position === undefined) return;
    if (position.state === "open") {
      this.#noteOpen(position.walletId, positionId);
      this.#hold(position);
      this.#holdNonces(position.walletId);
      return;
    }
    this.#openOf.get(position.walletId)?.delete(positionId);
    const holding = this.#holdings.get(positionId);
    // At a start a position may close before its turn has come.
    if (holding !== undefined) this.#context.venue.dropReady(holding);
    this.#holdings.delete(positionId);
    this.#dropNoncesOf(position);
  }

  #noteOpen(walletId: string, positionId: string): void {
    const open = this.#openOf.get(walletId) ?? new Set<string>();
    this.#openOf.set(walletId, open.add(positionId));
  }

  #hold({ positionId, walletId, instrument, tokenProgram }: PositionRow): void {
    if (this.#holdings.has(positionId)) return;
    const { store, venue } = this.#context;
    const wallet = store.wallet(walletId);
    if (wallet === undefined) return;
    const holding = { wallet: wallet.address, mint: mintOf(instrument), tokenProgram };
    this.#holdings.set(positionId, holding);
    venue.keepReady(holding);
  }

  #holdNonces(walletId: string): void {
    const { store, venue } = this.#context;
    const wallet = store.wallet(walletId);
    if (wallet === undefined) return;
    for (const { account, state } of store.nonceAccounts(walletId)) {
      if (state !== "ready" || this.#nonces.has(account)) continue;
      this.#nonces.set(account, { walletId });
      venue.keepNonceReady(wallet.address, account);
    }
  }

  /** A wallet without positions needs none of its nonces at hand. */
  #dropNoncesOf({ walletId }: PositionRow): void {
    const open = this.#openOf.get(walletId);
    if (open !== undefined && open.size > 0) return;
    this.#openOf.delete(walletId);
    for (const [account, nonce] of this.#nonces) {
      if (nonce.walletId === walletId) this.#dropNonce(account);
    }
  }

  #dropNonce(account: string): void {
    if (this.#nonces.delete(account)) this.#context.venue.dropNonceReady(account);
  }
}

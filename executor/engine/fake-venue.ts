import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type {
  AttemptReport,
  HeldToken,
  HoldingAtHand,
  HistoryView,
  InstrumentReport,
  Lifetime,
  NonceSetupOutcome,
  NonceView,
  PrepareOutcome,
  ReadyHolding,
  Route,
  RouteRequest,
  SubmitOutcome,
  Venue,
  VoidOutcome,
  WalletMove,
  WalletReport,
  WalletView,
  WalletWatcher,
} from "../ports/venue.ts";

export interface NonceName {
  account: string;
  value: string;
}

function readyKeyOf({ wallet, mint }: ReadyHolding): string {
  return `${wallet}/${mint}`;
}

type Answer<T> = T | Promise<T>;
type SettlementReport = Awaited<ReturnType<Venue["fetchSettlement"]>>;

/** Lamports that one nonce account holds back. */
export const NONCE_RENT = 1_447_680n;

/** The address of a wallet's nonce account, as every part of a test knows it. */
export function nonceAddressOf(wallet: string, index: number): string {
  return `nonce:${wallet}:${index}`;
}

/** What a test tells the venue to answer; a call that has no answer here fails. */
export interface VenueScript {
  fetchInstrument?: (mint: string) => Answer<InstrumentReport>;
  fetchRoute?: (request: RouteRequest) => Answer<Route>;
  fetchWallet?: (address: string) => Answer<WalletReport>;
  /** Two nodes that agree on `fetchWallet`, unless a test says otherwise. */
  fetchWalletViews?: (address: string) => Answer<WalletView[]>;
  /** Two nodes that know of nothing, unless a test says otherwise. */
  fetchHistory?: (address: string) => Answer<HistoryView[]>;
  fetchMoves?: (wallet: string, identities: readonly string[]) => Answer<WalletMove[]>;
  prepare?: (
    order: OrderRow,
    route: Route,
    n: number,
    lifetime: Lifetime,
  ) => Answer<PrepareOutcome>;
  fetchNonces?: (wallet: string, count: number) => Answer<NonceView[]>;
  createNonces?: (wallet: string, indexes: number[]) => Answer<NonceSetupOutcome>;
  reclaimNonce?: (wallet: string, index: number) => Answer<NonceSetupOutcome>;
  prepareVoid?: (order: OrderRow, nonce: NonceName, copies: number) => Answer<VoidOutcome>;
  /** Nothing is at hand unless a test says otherwise. */
  holdingAtHand?: (wallet: string, mint: string) => HoldingAtHand | undefined;
  routeAtHand?: (request: RouteRequest) => Route | undefined;
  submit?: (attempt: AttemptRow) => Answer<SubmitOutcome>;
  fetchAttempt?: (attempt: AttemptRow) => Answer<AttemptReport>;
  fetchSettlement?: (identity: string) => Answer<SettlementReport>;
}

interface ListeningWallet {
  address: string;
  mints: string[];
  onChange: (slot: number | undefined) => void;
}

/** One outside world that every process of a test talks to, one after the other. */
export class FakeVenue {
  script: VenueScript = {};
  readonly submitted: AttemptRow[] = [];
  readonly routes: RouteRequest[] = [];
  /** Names of all calls in order. */
  readonly calls: string[] = [];
  readonly watchers = new Map<string, Set<() => void>>();
  /** Who watches which wallet, and for which tokens. */
  readonly walletWatchers = new Set<ListeningWallet>();

  /** How often each holding and nonce is kept at hand; nothing that is not. */
  readonly ready = new Map<string, number>();
  readonly readyNonces = new Map<string, number>();

  count(map: Map<string, number>, key: string, change: number): void {
    const now = (map.get(key) ?? 0) + change;
    if (now === 0) map.delete(key);
    else map.set(key, now);
  }

  /** The venue has news of this attempt and says so to whoever watches. */
  announce(identity: string): void {
    for (const onNews of this.watchers.get(identity) ?? []) onNews();
  }

  /** A stream tells of a change; undefined for a break of the stream. */
  announceWallet(slot: number | undefined): void {
    for (const { onChange } of this.walletWatchers) onChange(slot);
  }

  /** The venue as one process sees it: no answer reaches a process that is dead. */
  forProcess(isAlive: () => boolean): Venue {
    return new VenueView(this, isAlive);
  }
}

class VenueView implements Venue {
  readonly id = "SOLANA";
  readonly capabilities = { dedupe: "forever", canRebroadcast: true } as const;
  readonly nonceRentLamports = NONCE_RENT;
  readonly #world: FakeVenue;
  readonly #isAlive: () => boolean;

  constructor(world: FakeVenue, isAlive: () => boolean) {
    this.#world = world;
    this.#isAlive = isAlive;
  }

  fetchInstrument(mint: string): Promise<InstrumentReport> {
    return this.#ask("fetchInstrument", mint);
  }
  fetchRoute(request: RouteRequest): Promise<Route> {
    if (this.#isAlive()) this.#world.routes.push(request);
    return this.#ask("fetchRoute", request);
  }
  fetchWallet(address: string): Promise<WalletReport> {
    return this.#ask("fetchWallet", address);
  }
  keepReady(holding: ReadyHolding): void {
    this.#world.count(this.#world.ready, readyKeyOf(holding), 1);
  }
  dropReady(holding: ReadyHolding): void {
    this.#world.count(this.#world.ready, readyKeyOf(holding), -1);
  }
  warm(): void {}
  instrumentAtHand(): undefined {
    return undefined;
  }
  keepNonceReady(_wallet: string, account: string): void {
    this.#world.count(this.#world.readyNonces, account, 1);
  }
  dropNonceReady(account: string): void {
    this.#world.count(this.#world.readyNonces, account, -1);
  }
  holdingAtHand(wallet: string, mint: string): HoldingAtHand | undefined {
    return this.#isAlive() ? this.#world.script.holdingAtHand?.(wallet, mint) : undefined;
  }
  routeAtHand(request: RouteRequest): Route | undefined {
    return this.#isAlive() ? this.#world.script.routeAtHand?.(request) : undefined;
  }
  async fetchWalletViews(address: string): Promise<WalletView[]> {
    if (this.#world.script.fetchWalletViews !== undefined) {
      return this.#ask("fetchWalletViews", address);
    }
    const report = await this.fetchWallet(address).catch((error: unknown) => {
      if (isRaptorError(error)) return null;
      throw error;
    });
    return ["node-1", "node-2"].map((provider) => ({ provider, report }));
  }
  async fetchHistory(address: string): Promise<HistoryView[]> {
    if (this.#world.script.fetchHistory !== undefined) return this.#ask("fetchHistory", address);
    return ["node-1", "node-2"].map((provider) => ({ provider, entries: [], isWhole: true }));
  }
  fetchMoves(wallet: string, identities: readonly string[]): Promise<WalletMove[]> {
    return this.#ask("fetchMoves", wallet, identities);
  }
  tokenAddress(wallet: string, { mint }: HeldToken): string {
    return `${wallet}/${mint}`;
  }
  watchWallet(address: string, onChange: (slot: number | undefined) => void): WalletWatcher {
    const listen = (slot: number | undefined): void => {
      if (this.#isAlive()) onChange(slot);
    };
    const watcher: ListeningWallet = { address, mints: [], onChange: listen };
    this.#world.walletWatchers.add(watcher);
    return {
      holds: (tokens) => void (watcher.mints = tokens.map(({ mint }) => mint)),
      stop: () => void this.#world.walletWatchers.delete(watcher),
    };
  }
  prepare(
    order: OrderRow,
    _wallet: WalletRow,
    _wrapped: string,
    route: Route,
    n: number,
    lifetime: Lifetime,
  ): Promise<PrepareOutcome> {
    return this.#ask("prepare", order, route, n, lifetime);
  }
  prepareVoid(
    order: OrderRow,
    _wallet: WalletRow,
    _wrapped: string,
    nonce: NonceName,
    copies: number,
  ): Promise<VoidOutcome> {
    return this.#ask("prepareVoid", order, nonce, copies);
  }
  nonceAddress(wallet: string, index: number): string {
    return nonceAddressOf(wallet, index);
  }
  fetchNonces(wallet: string, count: number): Promise<NonceView[]> {
    return this.#ask("fetchNonces", wallet, count);
  }
  createNonces(wallet: WalletRow, _wrapped: string, indexes: number[]): Promise<NonceSetupOutcome> {
    return this.#ask("createNonces", wallet.address, indexes);
  }
  reclaimNonce(wallet: WalletRow, _wrapped: string, index: number): Promise<NonceSetupOutcome> {
    return this.#ask("reclaimNonce", wallet.address, index);
  }
  submit(attempt: AttemptRow): Promise<SubmitOutcome> {
    if (this.#isAlive()) this.#world.submitted.push(attempt);
    return this.#ask("submit", attempt);
  }
  fetchAttempt(attempt: AttemptRow): Promise<AttemptReport> {
    return this.#ask("fetchAttempt", attempt);
  }
  fetchSettlement(
    identity: string,
    _bound: EffectBound,
    bookedSlot: number,
  ): Promise<SettlementReport> {
    // From slot 0 on, every finalized chain would seem to have left the landing out.
    if (bookedSlot <= 0) throw new Error("expected the slot that the landing was booked from");
    return this.#ask("fetchSettlement", identity);
  }

  watchAttempt(attempt: AttemptRow, onNews: () => void): () => void {
    const all = this.#world.watchers.get(attempt.identity) ?? new Set();
    this.#world.watchers.set(attempt.identity, all.add(onNews));
    return () => void all.delete(onNews);
  }
  explorerUrl(identity: string): string {
    return `https://explorer.test/${identity}`;
  }
  health(): { name: string; ok: boolean; detail: string }[] {
    return [];
  }
  boundSecondsLeft(_bound: EffectBound): number | null {
    return null;
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  #ask<N extends keyof VenueScript, T>(
    name: N,
    ...args: Parameters<Required<VenueScript>[N]>
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#isAlive()) return;
      this.#world.calls.push(name);
      const answer = this.#world.script[name] as ((...given: unknown[]) => Answer<T>) | undefined;
      const run = async (): Promise<T> => {
        if (answer === undefined) throw new Error(`unexpected venue call: ${name}`);
        return answer(...args);
      };
      run().then(
        (value) => this.#isAlive() && resolve(value),
        (error: unknown) => this.#isAlive() && reject(error),
      );
    });
  }
}

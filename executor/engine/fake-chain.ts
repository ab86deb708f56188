import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { OrderSide } from "@raptor/shared/domain/order.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type {
  AttemptReport,
  HistoryEntry,
  HistoryView,
  InstrumentReport,
  Lifetime,
  NonceSetupOutcome,
  NonceView,
  PrepareOutcome,
  Route,
  RouteRequest,
  SubmitOutcome,
  VoidOutcome,
  WalletMove,
} from "../ports/venue.ts";
import { NONCE_RENT, type NonceName, nonceAddressOf, type VenueScript } from "./fake-venue.ts";

const DECIMALS = 6;
const WHOLE = 10n ** BigInt(DECIMALS);
const FEE = 5_000n;

export type Fate = "pending" | "landed" | "reverted" | "dead";

interface Transaction {
  identity: string;
  orderId: string;
  side: OrderSide;
  mint: string;
  quantityIn: bigint;
  quantityOut: bigint;
  /** The bytes were sent at least once; before that nothing can happen to them. */
  wasSent: boolean;
  fate: Fate;
  slot: number;
  bound: EffectBound;
  /** No fork can take its execution back any more. */
  isFinal: boolean;
  /** It only uses its nonce up. */
  isVoid: boolean;
  /** Lamports offered for being taken early; a copy on the same nonce offers more. */
  tipLamports: bigint;
}

interface NonceAccount {
  wallet: string;
  index: number;
  value: string;
}

/** A ledger that tests rule over: they decide what becomes of every transaction. */
export class FakeChain {
  lamports = 100_000_000_000n;
  readonly tokens = new Map<string, bigint>();
  slot = 1_000;
  /** Lamports per whole token, the same for every token. */
  price = 1_000_000n;
  priceImpactBps = 10;
  readonly transactions = new Map<string, Transaction>();
  readonly nonces = new Map<string, NonceAccount>();
  /** Everything that was executed, in order; a fork takes the newest of it away. */
  readonly executed: Transaction[] = [];
  /** Everything that took effect, in order. */
  readonly effects: Transaction[] = [];
  /** Transactions that nobody here ordered, oldest first. */
  readonly outside: (WalletMove & { slot: number; at: string })[] = [];
  /** By node: identities that its history does not show. */
  readonly hidden = new Map<string, Set<string>>();
  /** What becomes of bytes when they arrive; they stay pending unless told otherwise. */
  onSubmit: (attempt: AttemptRow, chain: FakeChain) => SubmitOutcome = () => accepted();
  #count = 0;

  script(): Required<
    Omit<VenueScript, "fetchSettlement" | "fetchWalletViews" | "holdingAtHand" | "routeAtHand">
  > {
    return {
      fetchInstrument: (mint) => this.#instrument(mint),
      fetchRoute: (request) => this.#route(request),
      fetchWallet: () => ({
        lamports: this.lamports,
        tokens: new Map(this.tokens),
        slot: this.slot,
      }),
      fetchHistory: (address) => this.history(address),
      fetchMoves: (_wallet, identities) =>
        this.outside.filter(({ identity }) => identities.includes(identity)),
      prepare: (order, route, n, lifetime) => this.#prepare(order, route, n, lifetime),
      prepareVoid: (order, nonce, copies) => this.#prepareVoid(order, nonce, copies),
      fetchNonces: (wallet, count) => this.fetchNonces(wallet, count),
      createNonces: (wallet, indexes) => this.createNonces(wallet, indexes),
      reclaimNonce: (wallet, index) => this.reclaimNonce(wallet, index),
      submit: (attempt) => {
        const found = this.#find(attempt.identity);
        const isFirst = !found.wasSent;
        found.wasSent = true;
        const outcome = this.onSubmit(attempt, this);
        // No node will ever take what every node refused at first sight.
        if (isFirst && outcome.outcome === "rejected") found.fate = "dead";
        return outcome;
      },
      fetchAttempt: (attempt) => this.report(attempt.identity),
    };
  }

  /** As if streams kept everything at hand. */
  warmScript(): VenueScript {
    return {
      ...this.script(),
      holdingAtHand: (_wallet, mint) => ({
        lamports: this.lamports,
        quantity: this.tokens.get(mint) ?? 0n,
        slot: this.slot,
      }),
      routeAtHand: (request) => this.#route(request),
    };
  }

  /** Tokens come or go without an order of ours. `at`: the address whose history tells of it. */
  moveOutside(mint: string, change: bigint, at: string): string {
    const identity = `outside-${++this.#count}`;
    this.tokens.set(mint, (this.tokens.get(mint) ?? 0n) + change);
    const tokens = new Map([[mint, change]]);
    this.outside.push({ identity, tokens, accounts: [at], slot: this.slot, at });
    this.slot += 1;
    return identity;
  }

  /** Both nodes' history of an address: a wallet's names everything that was executed for it. */
  history(address: string): HistoryView[] {
    const own = this.executed.map(({ identity, slot, fate }): HistoryEntry => {
      return { identity, slot, isReverted: fate === "reverted", tsEventMs: null };
    });
    const outside = this.outside
      .filter(({ at }) => at === address)
      .map(({ identity, slot }) => ({ identity, slot, isReverted: false, tsEventMs: null }));
    const isToken = address.includes("/");
    const all = [...(isToken ? [] : own), ...outside].toSorted((a, b) => b.slot - a.slot);
    return ["node-1", "node-2"].map((provider) => ({
      provider,
      entries: all.filter(({ identity }) => this.hidden.get(provider)?.has(identity) !== true),
      isWhole: true,
    }));
  }

  /** Transactions that were sent and are undecided. */
  get undecided(): Transaction[] {
    return [...this.transactions.values()].filter((one) => one.wasSent && one.fate === "pending");
  }

  /** The only transaction that is undecided. */
  get open(): string {
    const [first, ...others] = this.undecided;
    if (first === undefined || others.length > 0) {
      throw new Error(`expected one open transaction, was ${this.undecided.length}`);
    }
    return first.identity;
  }

  land(identity = this.open): void {
    const found = this.#decide(identity, "landed");
    if (!found.wasSent) throw new Error(`${identity} took effect and was never sent`);
    const { side, mint, quantityIn, quantityOut } = found;
    this.lamports -= FEE;
    if (found.isVoid) return;
    const held = this.tokens.get(mint) ?? 0n;
    if (side === "buy") {
      this.lamports -= quantityIn;
      this.tokens.set(mint, held + quantityOut);
    } else {
      this.lamports += quantityOut;
      this.tokens.set(mint, held - quantityIn);
    }
    this.effects.push(found);
  }

  revert(identity = this.open): void {
    this.#decide(identity, "reverted");
    this.lamports -= FEE;
  }

  /** Its bound has passed without it: no node will ever execute it. */
  bury(identity = this.open): void {
    this.#decide(identity, "dead");
  }

  report(identity: string): AttemptReport {
    const found = this.#find(identity);
    const evidence = { identity, slot: found.slot };
    switch (found.fate) {
      case "pending":
        return { state: "pending", detail: "not found" };
      case "dead":
        return { state: "dead", proof: { ...evidence, height: "passed" } };
      case "reverted":
        return {
          state: "reverted",
          venueError: "custom 6001",
          costLamports: FEE,
          evidence: { ...evidence, commitment: found.isFinal ? "finalized" : "confirmed" },
        };
      case "landed":
        if (found.isVoid) {
          return found.isFinal
            ? { state: "voided", costLamports: FEE, evidence }
            : { state: "seen", evidence };
        }
        return {
          state: "landed",
          fillId: `fill-${identity}`,
          quantity: found.side === "buy" ? found.quantityOut : found.quantityIn,
          notionalLamports: found.side === "buy" ? found.quantityIn : found.quantityOut,
          feeLamports: FEE,
          rentLamports: 0n,
          venueSlot: found.slot,
          evidence,
        };
    }
  }

  /** Whether the chain would still execute it: a nonce transaction lives by the account's value. */
  canLand(identity: string): boolean {
    const { fate, wasSent, bound } = this.#find(identity);
    if (fate !== "pending" || !wasSent) return false;
    return bound.kind === "blockHeight" || this.nonces.get(bound.account)?.value === bound.value;
  }

  fetchNonces(wallet: string, count: number): NonceView[] {
    return Array.from({ length: count }, (_, index) => {
      const account = nonceAddressOf(wallet, index);
      const found = this.nonces.get(account);
      const lamports = found === undefined ? 0n : NONCE_RENT;
      return { index, account, value: found?.value ?? null, lamports };
    });
  }

  createNonces(wallet: string, indexes: readonly number[]): NonceSetupOutcome {
    for (const index of indexes) {
      const account = nonceAddressOf(wallet, index);
      if (this.nonces.has(account)) continue;
      this.lamports -= NONCE_RENT;
      this.nonces.set(account, { wallet, index, value: `${account}#${++this.#count}` });
    }
    const views = this.fetchNonces(wallet, Math.max(...indexes) + 1);
    const accounts = views.filter(({ index }) => indexes.includes(index));
    return { outcome: "done", accounts, evidence: { slot: this.slot } };
  }

  reclaimNonce(wallet: string, index: number): NonceSetupOutcome {
    const account = nonceAddressOf(wallet, index);
    if (this.nonces.delete(account)) this.lamports += NONCE_RENT;
    const gone = { index, account, value: null, lamports: 0n };
    return { outcome: "done", accounts: [gone], evidence: { slot: this.slot } };
  }

  #decide(identity: string, fate: Fate): Transaction {
    const found = this.#find(identity);
    if (found.fate !== "pending") throw new Error(`${identity} is ${found.fate} already`);
    const isExecuted = fate === "landed" || fate === "reverted";
    if (isExecuted && found.wasSent && !this.canLand(identity)) {
      throw new Error(`${identity} stands on a nonce value that has passed`);
    }
    found.fate = fate;
    found.slot = this.slot;
    this.slot += 1;
    // A transaction that fails has used its nonce up as well.
    if (isExecuted && found.bound.kind === "nonce") this.#advance(found.bound.account);
    if (isExecuted) this.executed.push(found);
    return found;
  }

  /** Every value is new, also the one after a fork. */
  #advance(account: string): void {
    const nonce = this.nonces.get(account);
    if (nonce === undefined) throw new Error(`${account} does not exist`);
    nonce.value = `${account}#${++this.#count}`;
  }

  /** Nothing that was executed by now can be taken back. */
  finalize(): void {
    for (const one of this.executed) one.isFinal = true;
  }

  /** The newest execution that is not final was on a fork that lost: its bytes may land again. */
  fork(): Transaction | undefined {
    const newest = this.executed.at(-1);
    if (newest === undefined || newest.isFinal) return undefined;
    this.executed.pop();
    this.lamports += FEE;
    if (newest.fate === "landed" && !newest.isVoid) {
      this.effects.splice(this.effects.indexOf(newest), 1);
      const sign = newest.side === "buy" ? 1n : -1n;
      const held = this.tokens.get(newest.mint) ?? 0n;
      const [spent, tokens] =
        newest.side === "buy"
          ? [newest.quantityIn, newest.quantityOut]
          : [newest.quantityOut, newest.quantityIn];
      this.lamports += sign * spent;
      this.tokens.set(newest.mint, held - sign * tokens);
    }
    newest.fate = "pending";
    const { bound } = newest;
    const nonce = bound.kind === "nonce" ? this.nonces.get(bound.account) : undefined;
    if (nonce !== undefined && bound.kind === "nonce") nonce.value = bound.value;
    return newest;
  }

  /** Final for good, taken back for good, or neither known yet: as the venue may say it. */
  settlement(identity: string): { state: "settled" | "pending" | "gone"; evidence: Evidence } {
    const { fate, isFinal, bound } = this.#find(identity);
    const evidence = { identity, fate };
    if (fate === "landed") return { state: isFinal ? "settled" : "pending", evidence };
    if (fate === "reverted") return { state: isFinal ? "gone" : "pending", evidence };
    const isDead = fate === "dead" || (bound.kind === "nonce" && this.#isGone(bound));
    return { state: isDead ? "gone" : "pending", evidence };
  }

  /** The value stands, so nothing was executed on it; or something else was, for good. */
  #isGone({ account, value }: Extract<EffectBound, { kind: "nonce" }>): boolean {
    if (this.nonces.get(account)?.value === value) return true;
    return this.executed.some(
      ({ bound, isFinal }) => isFinal && bound.kind === "nonce" && bound.value === value,
    );
  }

  #find(identity: string): Transaction {
    const found = this.transactions.get(identity);
    if (found === undefined) throw new Error(`${identity} was never prepared`);
    return found;
  }

  #instrument(mint: string): InstrumentReport {
    return {
      instrument: `${mint}.SOLANA`,
      mint,
      symbol: "TOK",
      name: "Token",
      decimals: DECIMALS,
      tokenProgram: "spl",
      supply: 1_000_000_000n * WHOLE,
      priceE9: this.price * 1_000_000_000n,
      usdPrice: null,
      solUsd: 150,
      marketCapUsd: null,
      liquidityUsd: null,
      ageMs: null,
      holders: null,
      topHoldersBps: null,
      refusals: [],
      marks: [],
    };
  }

  #route(request: RouteRequest): Route {
    const { side, quantityIn } = request;
    const quantityOut =
      side === "buy" ? (quantityIn * WHOLE) / this.price : (quantityIn * this.price) / WHOLE;
    return {
      quantityIn,
      quantityOut,
      quantityOutMin: 1n,
      priceImpactBps: this.priceImpactBps,
      label: "pool",
      evidence: { quantityOut: quantityOut.toString() },
      handle: request,
    };
  }

  #prepare(order: OrderRow, route: Route, n: number, lifetime: Lifetime): PrepareOutcome {
    const { mint } = route.handle as RouteRequest;
    const bound = this.#boundOf(lifetime);
    const identity = `sig-${order.orderId}:${n}-${++this.#count}`;
    this.transactions.set(identity, {
      identity,
      orderId: order.orderId,
      side: order.side,
      mint,
      quantityIn: route.quantityIn,
      quantityOut: route.quantityOut,
      wasSent: false,
      fate: "pending",
      slot: 0,
      bound,
      isFinal: false,
      isVoid: false,
      tipLamports: BigInt(n) * FEE,
    });
    return {
      outcome: "prepared",
      attempt: {
        identity,
        payload: `bytes of ${identity}`,
        bound,
        exclusionGroup: bound.kind === "nonce" ? `nonce:${bound.account}:${bound.value}` : identity,
        costCapLamports: order.side === "buy" ? route.quantityIn + FEE : FEE,
        quantityOutMin: route.quantityOutMin,
        route: route.evidence,
        witness: { lamports: this.lamports, quantity: this.tokens.get(mint) ?? 0n },
      },
    };
  }

  #prepareVoid(order: OrderRow, nonce: NonceName, copies: number): VoidOutcome {
    const bound = this.#boundOf({ kind: "nonce", ...nonce });
    const identity = `void-${order.orderId}-${++this.#count}`;
    this.transactions.set(identity, {
      identity,
      orderId: order.orderId,
      side: order.side,
      mint: "",
      quantityIn: 0n,
      quantityOut: 0n,
      wasSent: false,
      fate: "pending",
      slot: 0,
      bound,
      isFinal: false,
      isVoid: true,
      tipLamports: BigInt(copies + 1) * FEE,
    });
    return {
      outcome: "prepared",
      attempt: {
        identity,
        payload: `bytes of ${identity}`,
        bound,
        exclusionGroup: `nonce:${nonce.account}:${nonce.value}`,
        costCapLamports: FEE,
        route: {},
      },
    };
  }

  /** As strict as the venue: a value counts when it is final, stands and is the wanted one. */
  #boundOf(lifetime: Lifetime): EffectBound {
    if (lifetime.kind === "blockHeight") {
      return { kind: "blockHeight", lastValidBlockHeight: 900, blockhash: "hash" };
    }
    const { account } = lifetime;
    const value = this.nonces.get(account)?.value;
    const isMoving = this.executed.some(
      ({ bound, isFinal }) => !isFinal && bound.kind === "nonce" && bound.account === account,
    );
    const isSpent = lifetime.value !== null && lifetime.value !== value;
    if (value === undefined || isMoving || isSpent) {
      throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { account });
    }
    return { ...lifetime, value };
  }
}

export function accepted(): SubmitOutcome {
  return { outcome: "accepted", lanes: ["node-1"], evidence: { node: "node-1" } };
}

export function unknown(cause = "timeout"): SubmitOutcome {
  return { outcome: "unknown", lanes: ["node-1"], cause };
}

export function rejected(reason = "bad signature"): SubmitOutcome {
  return { outcome: "rejected", reason, evidence: { node: "node-1" } };
}

import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { OrderSide } from "@raptor/shared/domain/order.ts";
import type {
  AttemptReport,
  InstrumentReport,
  Lifetime,
  NonceSetupOutcome,
  NonceView,
  PrepareOutcome,
  Route,
  RouteRequest,
  SubmitOutcome,
} from "../ports/venue.ts";
import { NONCE_RENT, nonceAddressOf, type VenueScript } from "./fake-venue.ts";

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
  /** Lamports offered for being taken early; a copy on the same nonce offers more. */
  tipLamports: bigint;
}

interface NonceAccount {
  wallet: string;
  index: number;
  value: string;
  /** How often the value has changed. */
  advances: number;
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
  /** Everything that took effect, in order. */
  readonly effects: Transaction[] = [];
  /** What becomes of bytes when they arrive; they stay pending unless told otherwise. */
  onSubmit: (attempt: AttemptRow, chain: FakeChain) => SubmitOutcome = () => accepted();
  #count = 0;

  script(): Required<Omit<VenueScript, "fetchSettlement" | "fetchWalletViews">> {
    return {
      fetchInstrument: (mint) => this.#instrument(mint),
      fetchRoute: (request) => this.#route(request),
      fetchWallet: () => ({
        lamports: this.lamports,
        tokens: new Map(this.tokens),
        slot: this.slot,
      }),
      prepare: (order, route, n, lifetime) => this.#prepare(order, route, n, lifetime),
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
        return { state: "reverted", venueError: "custom 6001", costLamports: FEE, evidence };
      case "landed":
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
      this.nonces.set(account, { wallet, index, value: `${account}#0`, advances: 0 });
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
    return found;
  }

  #advance(account: string): void {
    const nonce = this.nonces.get(account);
    if (nonce === undefined) throw new Error(`${account} does not exist`);
    nonce.advances += 1;
    nonce.value = `${account}#${nonce.advances}`;
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
      priceE9: this.price * 1_000_000_000n,
      usdPrice: null,
      solUsd: null,
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
    if (bound === undefined) {
      return { outcome: "refused", reason: "the nonce account does not exist", alert: false };
    }
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

  #boundOf(lifetime: Lifetime): EffectBound | undefined {
    if (lifetime.kind === "blockHeight") {
      return { kind: "blockHeight", lastValidBlockHeight: 900, blockhash: "hash" };
    }
    const value = lifetime.value ?? this.nonces.get(lifetime.account)?.value;
    return value === undefined ? undefined : { ...lifetime, value };
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

import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { OrderSide } from "@raptor/shared/domain/order.ts";
import type {
  AttemptReport,
  InstrumentReport,
  PrepareOutcome,
  Route,
  RouteRequest,
  SubmitOutcome,
} from "../ports/venue.ts";
import type { VenueScript } from "./fake-venue.ts";

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
      prepare: (order, route, n) => this.#prepare(order, route, n),
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

  #decide(identity: string, fate: Fate): Transaction {
    const found = this.#find(identity);
    if (found.fate !== "pending") throw new Error(`${identity} is ${found.fate} already`);
    found.fate = fate;
    found.slot = this.slot;
    this.slot += 1;
    return found;
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

  #prepare(order: OrderRow, route: Route, n: number): PrepareOutcome {
    const { mint } = route.handle as RouteRequest;
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
    });
    return {
      outcome: "prepared",
      attempt: {
        identity,
        payload: `bytes of ${identity}`,
        bound: { kind: "blockHeight", lastValidBlockHeight: 900, blockhash: "hash" },
        exclusionGroup: identity,
        costCapLamports: order.side === "buy" ? route.quantityIn + FEE : FEE,
        quantityOutMin: route.quantityOutMin,
        route: route.evidence,
        witness: { lamports: this.lamports, quantity: this.tokens.get(mint) ?? 0n },
      },
    };
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

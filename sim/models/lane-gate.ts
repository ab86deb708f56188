import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Chain } from "./chain.ts";
import type { ChainError } from "./chain-error.ts";
import { LANE_TIP_ACCOUNTS, type LaneService } from "./lane-tip-accounts.ts";
import { ChainRefusal } from "./transaction-pool.ts";
import {
  hasValidSignatures,
  parseWireTransaction,
  signatureOf,
  WIRE_BYTES_MAX,
  WireError,
  type WireTransaction,
} from "./wire-transaction.ts";

/** What a lane needs of a chain: of the virtual machine's, or of a ledger. */
export interface LaneChain extends Pick<Chain, "slots" | "setLamports"> {
  /** @throws ChainRefusal when it is too late for these bytes. */
  submit(wire: Uint8Array): unknown;
  simulate(...run: Parameters<Chain["simulate"]>): { err: ChainError | null };
}

export interface LaneConduct {
  /** Chance that what was accepted never reaches a leader. */
  lossShare: number;
  /** How long it takes to get there, drawn evenly between the two. */
  delayMs: readonly [number, number];
}

export interface LaneGateOptions {
  chain: LaneChain;
  clock: Clock;
  prng: Prng;
  service: LaneService;
  requestsPerSecond: number;
  conduct: LaneConduct;
}

/** Why a lane turns bytes away. */
export class LaneRefusal extends Error {
  readonly kind: "malformed" | "signature" | "no-tip" | "low-tip";

  constructor(kind: LaneRefusal["kind"], message: string) {
    super(message);
    this.name = "LaneRefusal";
    this.kind = kind;
  }
}

/** What a lane has seen, for tests and scripts. */
export interface LaneCounts {
  received: number;
  limited: number;
  refused: number;
  forwarded: number;
  lost: number;
  /** Bundles that would have failed and were dropped. */
  dropped: number;
  signatures: string[];
}

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
const SYSTEM_TRANSFER = 2;
/** The real ones hold far more; an account without rent could not take a small tip. */
const TIP_ACCOUNT_LAMPORTS = 1_000_000_000n;
const SIGNATURES_MAX = 10_000;

/** What all landing services do alike: limits, tips, loss, and a way to the leader. */
export class LaneGate {
  readonly counts: LaneCounts = {
    received: 0,
    limited: 0,
    refused: 0,
    forwarded: 0,
    lost: 0,
    dropped: 0,
    signatures: [],
  };
  conduct: LaneConduct;
  readonly #options: LaneGateOptions;
  #hitsMs: number[] = [];

  constructor(options: LaneGateOptions) {
    this.#options = options;
    this.conduct = options.conduct;
    for (const account of LANE_TIP_ACCOUNTS[options.service]) {
      options.chain.setLamports(account, TIP_ACCOUNT_LAMPORTS);
    }
  }

  /** False: this second has had its calls. */
  admit(): boolean {
    const { clock, requestsPerSecond } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#hitsMs = this.#hitsMs.filter((hitMs) => hitMs > nowMs - 1_000);
    const isAdmitted = this.#hitsMs.length < requestsPerSecond;
    if (isAdmitted) this.#hitsMs.push(nowMs);
    this.counts[isAdmitted ? "received" : "limited"] += 1;
    return isAdmitted;
  }

  /** @throws LaneRefusal when the bytes break the lane's rules. */
  read(base64: unknown, tipLamportsMin: bigint): WireTransaction {
    try {
      const transaction = parse(base64);
      if (!hasValidSignatures(transaction)) {
        throw new LaneRefusal("signature", "Transaction signature verification failure");
      }
      const tip = tipOf(transaction, LANE_TIP_ACCOUNTS[this.#options.service]);
      if (tip === undefined) throw new LaneRefusal("no-tip", "no tip to one of our accounts");
      if (tip < tipLamportsMin) {
        throw new LaneRefusal("low-tip", `the tip of ${tip} is below ${tipLamportsMin}`);
      }
      return transaction;
    } catch (error) {
      this.counts.refused += 1;
      throw error;
    }
  }

  /** Passes the bytes on after a while, or loses them; the sender cannot tell. */
  forward(base64: string, transaction: WireTransaction, revertProtected: boolean): string {
    const { prng, clock } = this.#options;
    const { lossShare, delayMs } = this.conduct;
    const signature = signatureOf(transaction);
    this.counts.signatures.push(signature);
    if (this.counts.signatures.length > SIGNATURES_MAX) this.counts.signatures.shift();
    const [least, most] = delayMs;
    const waitMs = least + prng.nextFloat() * (most - least);
    if (prng.nextFloat() < lossShare) {
      this.counts.lost += 1;
      return signature;
    }
    const wire = Buffer.from(base64, "base64");
    void clock.sleep(waitMs).then(() => this.#deliver(wire, transaction, revertProtected));
    return signature;
  }

  #deliver(wire: Uint8Array, transaction: WireTransaction, revertProtected: boolean): void {
    const { chain } = this.#options;
    if (revertProtected) {
      const { slots } = chain;
      const options = {
        sigVerify: false,
        replaceRecentBlockhash: false,
        isBlockhashValid: (hash: string) => slots.isBlockhashUsable(hash, slots.head.height + 1),
      };
      if (chain.simulate(transaction, options).err !== null) {
        this.counts.dropped += 1;
        return;
      }
    }
    try {
      chain.submit(wire);
      this.counts.forwarded += 1;
    } catch (error) {
      // As at the leader: too late, or already in a block. The sender is not told.
      if (!(error instanceof ChainRefusal)) throw error;
      this.counts.dropped += 1;
    }
  }
}

function parse(base64: unknown): WireTransaction {
  if (typeof base64 !== "string") throw new LaneRefusal("malformed", "expected base64");
  const wire = Buffer.from(base64, "base64");
  if (wire.length > WIRE_BYTES_MAX) throw new LaneRefusal("malformed", "too large");
  try {
    return parseWireTransaction(wire);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new LaneRefusal("malformed", `failed to deserialize: ${error.message}`);
  }
}

/** Lamports of the tips that the bytes themselves show; a lookup table hides an account. */
function tipOf(transaction: WireTransaction, accounts: readonly string[]): bigint | undefined {
  let sum: bigint | undefined;
  for (const { programIndex, accountIndexes, data } of transaction.instructions) {
    if (transaction.staticKeys[programIndex] !== SYSTEM_PROGRAM) continue;
    const bytes = Buffer.from(data);
    const to = transaction.staticKeys[accountIndexes[1] ?? -1];
    if (bytes.length !== 12 || bytes.readUInt32LE(0) !== SYSTEM_TRANSFER) continue;
    if (to === undefined || !accounts.includes(to)) continue;
    sum = (sum ?? 0n) + bytes.readBigUInt64LE(4);
  }
  return sum;
}

import { createHash } from "node:crypto";
import { VersionedMessage } from "@solana/web3.js";
import { decodeBase58, encodeBase58 } from "../shared/values/base58.ts";
import { LANE_TIP_ACCOUNTS } from "../sim/models/lane-tip-accounts.ts";
import { encodeFeeConfig } from "../sim/models/pools/pump-fees.ts";
import {
  type Curve,
  CURVE_START,
  curveAddress,
  encodeCurve,
  encodeGlobal,
  PUMP_FEE_CONFIG,
  PUMP_GLOBAL,
  PUMP_PROGRAM,
} from "../sim/models/pools/pump-accounts.ts";
import { PUMP_FEES_PROGRAM } from "../sim/models/pools/pump-fees.ts";
import { deriveTokenAccount } from "../sim/models/token-accounts.ts";
import { ZERO_KEY } from "../sim/models/pools/state-bytes.ts";
import type { TableNode } from "../sim/servers/table-node/table-node.ts";
import { DECIMALS, TOKEN_PROGRAM } from "./exit-journal.ts";

/** A sell as the signed bytes say it. */
export interface SeenSell {
  wallet: string;
  mint: string;
  quantity: bigint;
  quantityOutMin: bigint;
  /** To an account of Jito's, inside this very transaction. */
  tipLamports: bigint;
  signature: Uint8Array;
  message: Uint8Array;
}

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
const TRANSFER = 2;
const TIP_TAKERS: ReadonlySet<string> = new Set(LANE_TIP_ACCOUNTS.jito);
const SELL_V2 = "5df6823ce7e940b2";
const SOL_RENT = 2_039_280;
const VIRTUAL_QUOTE_AT = 16;
const REAL_QUOTE_AT = 32;

export function mintOf(n: number): string {
  return encodeBase58(createHash("sha256").update(`bench mint ${n}`).digest());
}

/** Lamports per whole token times 1e9, as the curve's reserves show it. */
export function priceE9Of(virtualQuote: bigint, virtualToken: bigint): bigint {
  return (virtualQuote * 10n ** BigInt(DECIMALS) * 1_000_000_000n) / virtualToken;
}

/** The accounts of tokens on pump.fun's curve, the same on every node. */
export class ExitWorld {
  readonly #nodes: readonly TableNode[];
  /** Written over with each move: encoding them anew would cost more than the desk's own work. */
  readonly #curves = new Map<string, { address: string; bytes: Buffer }>();
  /** The curve's SOL side as last told, by mint. */
  readonly #quotes = new Map<string, bigint>();

  constructor(nodes: readonly TableNode[]) {
    this.#nodes = nodes;
    this.#set(PUMP_GLOBAL, PUMP_PROGRAM, encodeGlobal(7));
    this.#set(PUMP_FEE_CONFIG, PUMP_FEES_PROGRAM, encodeFeeConfig("curve"));
  }

  addToken(mint: string): void {
    const bytes = Buffer.alloc(82);
    bytes.writeBigUInt64LE(CURVE_START.supply, 36);
    bytes[44] = DECIMALS;
    bytes[45] = 1;
    this.#set(mint, TOKEN_PROGRAM, bytes);
    this.#setCurve(mint, CURVE_START.virtualQuote);
  }

  addWallet(address: string): void {
    this.#set(address, ZERO_KEY, new Uint8Array(), 100_000_000_000);
  }

  setHolding(wallet: string, mint: string, quantity: bigint): void {
    const bytes = Buffer.alloc(165);
    bytes.set(decodeBase58(mint) ?? [], 0);
    bytes.set(decodeBase58(wallet) ?? [], 32);
    bytes.writeBigUInt64LE(quantity, 64);
    bytes[108] = 1;
    this.#set(deriveTokenAccount(wallet, mint, TOKEN_PROGRAM), TOKEN_PROGRAM, bytes);
  }

  quoteOf(mint: string): bigint {
    return this.#quotes.get(mint) ?? CURVE_START.virtualQuote;
  }

  /** Moves the curve's price; ready to be told to whoever follows it, on every node. */
  move(mint: string, virtualQuote: bigint, slot: number) {
    const address = this.#setCurve(mint, virtualQuote);
    return this.#nodes.flatMap((node) => node.framesOf(address, slot));
  }

  #setCurve(mint: string, virtualQuote: bigint): string {
    this.#quotes.set(mint, virtualQuote);
    let curve = this.#curves.get(mint);
    if (curve === undefined) {
      const bytes = Buffer.from(encodeCurve(curveAt(virtualQuote)));
      curve = { address: curveAddress(mint), bytes };
      this.#curves.set(mint, curve);
    }
    const { address, bytes } = curve;
    bytes.writeBigUInt64LE(virtualQuote, VIRTUAL_QUOTE_AT);
    bytes.writeBigUInt64LE(virtualQuote, REAL_QUOTE_AT);
    this.#set(address, PUMP_PROGRAM, bytes);
    return address;
  }

  #set(address: string, owner: string, bytes: Uint8Array, lamports = SOL_RENT): void {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    for (const node of this.#nodes) node.set(address, { owner, lamports, data });
  }
}

/** A curve whose price has moved to what this SOL side makes it. */
export function curveAt(virtualQuote: bigint): Curve {
  return {
    virtualToken: CURVE_START.virtualToken,
    virtualQuote,
    realToken: CURVE_START.realToken,
    realQuote: virtualQuote,
    supply: CURVE_START.supply,
    complete: false,
    creator: PUMP_GLOBAL,
    quoteMint: ZERO_KEY,
    creatorFeeBps: 0n,
  };
}

/** Undefined for anything but one sell against pump.fun's curve. */
export function readSell(payload: string): SeenSell | undefined {
  const wire = Buffer.from(payload, "base64");
  const message = wire.subarray(65);
  const { staticAccountKeys, compiledInstructions } = VersionedMessage.deserialize(message);
  const addresses = staticAccountKeys.map((key) => key.toBase58());
  let tipLamports = 0n;
  let sell: Omit<SeenSell, "tipLamports" | "signature" | "message"> | undefined;
  for (const { programIdIndex, accountKeyIndexes, data } of compiledInstructions) {
    const program = addresses[programIdIndex];
    const bytes = Buffer.from(data);
    const keyAt = (at: number): string => addresses[accountKeyIndexes[at] ?? -1] ?? "";
    if (program === SYSTEM_PROGRAM && bytes[0] === TRANSFER && TIP_TAKERS.has(keyAt(1))) {
      tipLamports += bytes.readBigUInt64LE(4);
    }
    if (program !== PUMP_PROGRAM) continue;
    if (sell !== undefined || bytes.subarray(0, 8).toString("hex") !== SELL_V2) return undefined;
    sell = {
      wallet: keyAt(13),
      mint: keyAt(1),
      quantity: bytes.readBigUInt64LE(8),
      quantityOutMin: bytes.readBigUInt64LE(16),
    };
  }
  if (sell === undefined) return undefined;
  return { ...sell, tipLamports, signature: wire.subarray(1, 65), message };
}

/** A landed sell as `getTransaction` tells it: all tokens gone, the least output received. */
export function landedSell({
  wallet,
  mint,
  quantity,
  quantityOutMin,
  message,
  signature,
}: SeenSell) {
  return (slot: number): unknown => {
    const { staticAccountKeys, recentBlockhash } = VersionedMessage.deserialize(message);
    const accountKeys = staticAccountKeys.map((key) => key.toBase58());
    const preBalances = accountKeys.map(() => SOL_RENT);
    const postBalances = preBalances.map((lamports, at) =>
      at === 0 ? lamports + Number(quantityOutMin) - 5_000 : lamports,
    );
    const accountIndex = accountKeys.length - 1;
    const holding = (amount: bigint) => [
      { accountIndex, mint, owner: wallet, uiTokenAmount: { amount: String(amount) } },
    ];
    return {
      slot,
      blockTime: Math.floor(Date.now() / 1_000),
      transaction: {
        signatures: [encodeBase58(signature)],
        message: { accountKeys, recentBlockhash },
      },
      meta: {
        err: null,
        fee: 5_000,
        preBalances,
        postBalances,
        preTokenBalances: holding(quantity),
        postTokenBalances: holding(0n),
        loadedAddresses: null,
      },
    };
  };
}

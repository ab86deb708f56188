import { PublicKey } from "@solana/web3.js";
import { U64_MAX } from "../../models/market.ts";

/** The request itself is wrong; the message goes to the caller with status 400. */
export class BadRequest extends Error {}

export interface SwapParameters {
  inputMint: string;
  outputMint: string;
  quantityIn: bigint;
  slippageBps: number;
  /** Absent for a price-only order. */
  taker?: string;
  payer?: string;
  platformFeeBps: number;
  feeAccount?: string;
  wrapAndUnwrapSol: boolean;
  destinationTokenAccount?: string;
  nativeDestinationAccount?: string;
  slotsToExpiry: number;
  tipLamports?: bigint;
  computeUnitPrice: bigint;
  excludeRouters: readonly string[];
}

const SLIPPAGE_BPS_DEFAULT = 50;
const TIP_LAMPORTS_MIN = 1_000_000n;
/** Micro-lamports per compute unit at the named levels; other percentiles lie on the line. */
const UNIT_PRICE_PER_BPS = 8n;
const PERCENTILES: ReadonlyMap<string, number> = new Map([
  ["medium", 2_500],
  ["high", 5_000],
  ["veryHigh", 7_500],
]);

export function parseSwapParameters(query: URLSearchParams): SwapParameters {
  const inputMint = readPubkey(query, "inputMint");
  const outputMint = readPubkey(query, "outputMint");
  if (inputMint === undefined) throw new BadRequest("inputMint is required");
  if (outputMint === undefined) throw new BadRequest("outputMint is required");
  if (inputMint === outputMint) throw new BadRequest("inputMint and outputMint must differ");
  const swapMode = query.get("swapMode");
  if (swapMode !== null && swapMode !== "ExactIn") {
    throw new BadRequest("swapMode must be ExactIn");
  }
  if (query.has("dexes") && query.has("excludeDexes")) {
    throw new BadRequest("dexes and excludeDexes are mutually exclusive");
  }
  const feeAccount = readPubkey(query, "feeAccount");
  const platformFeeBps = readInteger(query, "platformFeeBps", { min: 0, max: 10_000 }) ?? 0;
  if (platformFeeBps > 0 && feeAccount === undefined) {
    throw new BadRequest("feeAccount is required when platformFeeBps is positive");
  }
  readInteger(query, "maxAccounts", { min: 1, max: 64 });
  return {
    inputMint,
    outputMint,
    quantityIn: readQuantity(query, "amount") ?? missing("amount"),
    slippageBps: readSlippage(query),
    platformFeeBps,
    wrapAndUnwrapSol: query.get("wrapAndUnwrapSol") !== "false",
    slotsToExpiry: readInteger(query, "blockhashSlotsToExpiry", { min: 1, max: 300 }) ?? 150,
    computeUnitPrice: readUnitPrice(query),
    excludeRouters: (query.get("excludeRouters") ?? "").split(","),
    ...optional("feeAccount", feeAccount),
    ...optional("taker", readPubkey(query, "taker")),
    ...optional("payer", readPubkey(query, "payer")),
    ...optional("tipLamports", readTip(query)),
    ...readDestinations(query),
  };
}

function readDestinations(
  query: URLSearchParams,
): Pick<SwapParameters, "destinationTokenAccount" | "nativeDestinationAccount"> {
  const token = readPubkey(query, "destinationTokenAccount");
  const native = readPubkey(query, "nativeDestinationAccount");
  if (token !== undefined && native !== undefined) {
    throw new BadRequest(
      "destinationTokenAccount and nativeDestinationAccount are mutually exclusive",
    );
  }
  return {
    ...optional("destinationTokenAccount", token),
    ...optional("nativeDestinationAccount", native),
  };
}

function readSlippage(query: URLSearchParams): number {
  if (query.get("slippageBps") === "rtse") return SLIPPAGE_BPS_DEFAULT;
  return readInteger(query, "slippageBps", { min: 0, max: 10_000 }) ?? SLIPPAGE_BPS_DEFAULT;
}

function readTip(query: URLSearchParams): bigint | undefined {
  const tip = readQuantity(query, "tipAmount");
  if (tip !== undefined && tip < TIP_LAMPORTS_MIN) {
    throw new BadRequest("tipAmount must be at least 1000000 lamports");
  }
  return tip;
}

function readUnitPrice(query: URLSearchParams): bigint {
  const text = query.get("computeUnitPricePercentile") ?? "high";
  const named = PERCENTILES.get(text);
  const bps =
    named ?? readInteger(query, "computeUnitPricePercentile", { min: 0, max: 10_000 }) ?? 5_000;
  return BigInt(bps) * UNIT_PRICE_PER_BPS;
}

function readPubkey(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  try {
    return new PublicKey(text).toBase58();
  } catch (error) {
    throw new BadRequest(`Invalid ${name}`, { cause: error });
  }
}

function readQuantity(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[0-9]{1,20}$/.test(text)) throw new BadRequest(`Invalid ${name}`);
  const quantity = BigInt(text);
  if (quantity === 0n || quantity > U64_MAX) throw new BadRequest(`Invalid ${name}`);
  return quantity;
}

function readInteger(
  query: URLSearchParams,
  name: string,
  range: { min: number; max: number },
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.min && value <= range.max)) {
    throw new BadRequest(`${name} must be an integer from ${range.min} to ${range.max}`);
  }
  return value;
}

function missing(name: string): never {
  throw new BadRequest(`${name} is required`);
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}

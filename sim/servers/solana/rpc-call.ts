import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import type { Chain } from "../../models/chain.ts";
import type { RpcView } from "../../models/rpc-view.ts";
import type { Block, Commitment } from "../../models/slots.ts";
import { invalidParams, RPC_CODES, RpcError } from "./rpc-error.ts";

/** One call as a method sees it: the chain, and how much of it this node has seen. */
export interface RpcCall {
  chain: Chain;
  view: RpcView;
  params: readonly unknown[];
  /** False when the node answers a send as usual and passes nothing on. */
  forwards(): boolean;
}

export type RpcMethod = (call: RpcCall) => unknown;
export type Config = Readonly<Record<string, unknown>>;

const COMMITMENTS: readonly Commitment[] = ["processed", "confirmed", "finalized"];

export function configAt({ params }: RpcCall, index: number): Config {
  const value = params[index];
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw invalidParams(`Invalid params: expected a configuration object at position ${index}.`);
  }
  return value as Config;
}

export function commitmentOf(config: Config, name = "commitment"): Commitment {
  const value = config[name] ?? "finalized";
  const found = COMMITMENTS.find((commitment) => commitment === value);
  if (found === undefined) {
    const names = COMMITMENTS.map((commitment) => `\`${commitment}\``).join(", ");
    throw invalidParams(
      `Invalid params: unknown variant \`${String(value)}\`, expected one of ${names}.`,
    );
  }
  return found;
}

/** The block that the call reads from. @throws RpcError -32016 when it is older than asked for. */
export function contextBlock({ view }: RpcCall, config: Config, commitment?: Commitment): Block {
  const block = view.block(commitment ?? commitmentOf(config));
  const { minContextSlot } = config;
  if (typeof minContextSlot === "number" && block.slot < minContextSlot) {
    throw new RpcError(RPC_CODES.minContextSlot, "Minimum context slot has not been reached", {
      contextSlot: block.slot,
    });
  }
  return block;
}

export function withContext(block: Block, value: unknown): unknown {
  return { context: { apiVersion: "3.0.0", slot: block.slot }, value };
}

export function pubkeyAt({ params }: RpcCall, index: number): string {
  return parsePubkey(params[index]);
}

export function parsePubkey(value: unknown): string {
  if (typeof value !== "string") throw invalidParams("Invalid params: expected a pubkey string.");
  const bytes = decodeBase58(value);
  if (bytes === undefined) throw invalidParams("Invalid param: Invalid");
  if (bytes.length !== 32) throw invalidParams("Invalid param: WrongSize");
  return value;
}

export function parseSignature(value: unknown): string {
  if (typeof value !== "string")
    throw invalidParams("Invalid params: expected a signature string.");
  const bytes = decodeBase58(value);
  if (bytes === undefined) throw invalidParams("Invalid param: Invalid");
  if (bytes.length !== 64) throw invalidParams("Invalid param: WrongSize");
  return value;
}

export function listAt({ params }: RpcCall, index: number, countMax: number): unknown[] {
  const value = params[index] ?? [];
  if (!Array.isArray(value))
    throw invalidParams("Invalid params: invalid type, expected a sequence.");
  if (value.length > countMax) {
    throw invalidParams(`Too many inputs provided; max ${countMax}`);
  }
  return value as unknown[];
}

export function integerAt({ params }: RpcCall, index: number): bigint {
  const value = params[index];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalidParams("Invalid params: invalid type, expected u64.");
  }
  return BigInt(value);
}

import { zstdCompressSync } from "node:zlib";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "../../models/account-history.ts";
import type { Config } from "./rpc-call.ts";
import { invalidParams, RPC_CODES, RpcError } from "./rpc-error.ts";
import { encodeTokenJson } from "./token-json.ts";

const BASE58_BYTES_MAX = 128;
/** What nodes report for every rent-exempt account. */
const RENT_EPOCH = 18_446_744_073_709_551_615n;

/** An account as nodes send it; null when there is none. */
export function encodeAccount(
  account: ChainAccount | undefined,
  config: Config,
  accountOf: (pubkey: string) => ChainAccount | undefined,
): unknown {
  if (account === undefined || account.lamports === 0n) return null;
  return {
    data: encodeData(account, config, accountOf),
    executable: account.executable,
    lamports: account.lamports,
    owner: account.owner,
    rentEpoch: RENT_EPOCH,
    space: account.data.length,
  };
}

function encodeData(
  account: ChainAccount,
  config: Config,
  accountOf: (pubkey: string) => ChainAccount | undefined,
): unknown {
  const { encoding } = config;
  if (encoding === "jsonParsed") {
    const parsed = encodeTokenJson(account, accountOf);
    return parsed ?? [Buffer.from(account.data).toString("base64"), "base64"];
  }
  const data = slice(account.data, config["dataSlice"]);
  if (encoding === "base64") return [Buffer.from(data).toString("base64"), "base64"];
  if (encoding === "base64+zstd") {
    return [zstdCompressSync(data).toString("base64"), "base64+zstd"];
  }
  if (encoding !== undefined && encoding !== "base58" && encoding !== "binary") {
    throw invalidParams(`Invalid params: unknown variant \`${String(encoding)}\`.`);
  }
  if (data.length > BASE58_BYTES_MAX) {
    throw new RpcError(
      RPC_CODES.invalidRequest,
      "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
    );
  }
  const text = encodeBase58(data);
  return encoding === "base58" ? [text, "base58"] : text;
}

function slice(data: Uint8Array, range: unknown): Uint8Array {
  if (typeof range !== "object" || range === null) return data;
  const { offset, length } = range as { offset?: unknown; length?: unknown };
  if (typeof offset !== "number" || typeof length !== "number") {
    throw invalidParams("Invalid params: dataSlice needs offset and length.");
  }
  return data.subarray(offset, offset + length);
}

import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describeChainError } from "../../models/chain-error.ts";
import { resolveKeys } from "../../models/resolved-keys.ts";
import { ChainRefusal } from "../../models/transaction-pool.ts";
import type { RunOutcome } from "../../models/transaction-runner.ts";
import {
  hasValidSignatures,
  parseWireTransaction,
  signatureOf,
  WIRE_BYTES_MAX,
  WireError,
  type WireTransaction,
} from "../../models/wire-transaction.ts";
import { encodeAccount } from "./account-json.ts";
import { assertHealthy } from "./block-methods.ts";
import {
  commitmentOf,
  type Config,
  configAt,
  contextBlock,
  integerAt,
  parsePubkey,
  pubkeyAt,
  type RpcCall,
  type RpcMethod,
  withContext,
} from "./rpc-call.ts";
import { invalidParams, RPC_CODES, RpcError } from "./rpc-error.ts";
import { encodeInner, encodeReturnData } from "./transaction-json.ts";

const BASE64_CHARS_MAX = 1_644;
const BASE58_CHARS_MAX = 1_683;
const BASE64_PATTERN = /^[A-Za-z0-9+/]+={0,2}$/;

export const SEND_METHODS: Readonly<Record<string, RpcMethod>> = {
  sendTransaction(call) {
    const config = configAt(call, 1);
    const wire = decodeWire(call.params[0], config);
    const transaction = parseWire(wire);
    if (config["skipPreflight"] !== true) preflight(call, config, transaction);
    if (!call.forwards()) return signatureOf(transaction);
    try {
      return call.chain.submit(wire);
    } catch (error) {
      // Without preflight a node hands back the signature of whatever it passes on.
      if (error instanceof ChainRefusal) return signatureOf(transaction);
      throw error;
    }
  },
  simulateTransaction(call) {
    const config = configAt(call, 1);
    const transaction = parseWire(decodeWire(call.params[0], config));
    const replaces = config["replaceRecentBlockhash"] === true;
    if (config["sigVerify"] === true) {
      if (replaces) throw invalidParams("sigVerify may not be used with replaceRecentBlockhash");
      assertSigned(transaction);
    }
    const block = contextBlock(call, config);
    const outcome = call.chain.simulate(transaction, {
      sigVerify: false,
      replaceRecentBlockhash: replaces,
      isBlockhashValid: (hash) => call.view.isBlockhashValid(hash, commitmentOf(config)),
    });
    return withContext(block, {
      ...encodeOutcome(call, transaction, outcome, config),
      ...(replaces ? { replacementBlockhash: call.chain.slots.lifetimeOf(block) } : {}),
    });
  },
  requestAirdrop: (call) => call.chain.airdrop(pubkeyAt(call, 0), integerAt(call, 1)),
};

function preflight(call: RpcCall, config: Config, transaction: WireTransaction): void {
  assertHealthy(call);
  assertSigned(transaction);
  const commitment = commitmentOf(config, "preflightCommitment");
  contextBlock(call, config, commitment);
  const outcome = call.chain.simulate(transaction, {
    sigVerify: false,
    replaceRecentBlockhash: false,
    isBlockhashValid: (hash) => call.view.isBlockhashValid(hash, commitment),
  });
  if (outcome.err === null) return;
  throw new RpcError(
    RPC_CODES.preflightFailure,
    `Transaction simulation failed: ${describeChainError(outcome.err)}`,
    encodeOutcome(call, transaction, outcome, {}),
  );
}

function assertSigned(transaction: WireTransaction): void {
  if (hasValidSignatures(transaction)) return;
  throw new RpcError(RPC_CODES.signatureVerification, "Transaction signature verification failure");
}

function decodeWire(value: unknown, config: Config): Uint8Array {
  if (typeof value !== "string") throw invalidParams("Invalid params: expected a transaction.");
  const encoding = config["encoding"] ?? "base58";
  if (encoding !== "base64" && encoding !== "base58") {
    throw invalidParams(
      `unsupported encoding: ${String(encoding)}. Supported encodings: base58, base64`,
    );
  }
  const charsMax = encoding === "base64" ? BASE64_CHARS_MAX : BASE58_CHARS_MAX;
  const isTooLong = value.length > charsMax;
  const wire = isTooLong
    ? undefined
    : encoding === "base58"
      ? decodeBase58(value)
      : BASE64_PATTERN.test(value)
        ? Buffer.from(value, "base64")
        : undefined;
  if (isTooLong || (wire !== undefined && wire.length > WIRE_BYTES_MAX)) {
    throw invalidParams(
      `${encoding} encoded solana_transaction::versioned::VersionedTransaction too large: ` +
        `${wire?.length ?? value.length} bytes (max: encoded/raw ${charsMax}/${WIRE_BYTES_MAX})`,
    );
  }
  if (wire === undefined) throw invalidParams(`invalid ${encoding} encoding`);
  return wire;
}

function parseWire(wire: Uint8Array): WireTransaction {
  try {
    return parseWireTransaction(wire);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw invalidParams(
      `failed to deserialize solana_transaction::versioned::VersionedTransaction: ${error.message}`,
    );
  }
}

function encodeOutcome(
  call: RpcCall,
  transaction: WireTransaction,
  outcome: RunOutcome,
  config: Config,
): Record<string, unknown> {
  const keys = resolveKeys(transaction, (pubkey) => call.chain.accounts.current(pubkey));
  const wantsInner = config["innerInstructions"] === true && keys.ok;
  return {
    err: outcome.err,
    logs: outcome.logs,
    accounts: encodeAccounts(call, outcome, config["accounts"]),
    unitsConsumed: outcome.unitsConsumed,
    returnData: outcome.returnData === undefined ? null : encodeReturnData(outcome.returnData),
    innerInstructions: wantsInner ? encodeInner(outcome.inner, keys.keys, "jsonParsed") : null,
    fee: outcome.landed ? outcome.fee : null,
  };
}

function encodeAccounts({ chain }: RpcCall, outcome: RunOutcome, wanted: unknown): unknown {
  if (typeof wanted !== "object" || wanted === null) return null;
  const { addresses, encoding } = wanted as { addresses?: unknown; encoding?: unknown };
  if (!Array.isArray(addresses)) throw invalidParams("Invalid params: missing field `addresses`.");
  if (encoding === "base58" || encoding === "binary") {
    throw invalidParams("base58 encoding not supported");
  }
  const pubkeys = addresses.map(parsePubkey);
  if (outcome.err !== null) return pubkeys.map(() => null);
  const read = (pubkey: string) => outcome.accounts.get(pubkey) ?? chain.accounts.current(pubkey);
  return pubkeys.map((pubkey) =>
    encodeAccount(read(pubkey), { encoding: encoding ?? "base64" }, read),
  );
}

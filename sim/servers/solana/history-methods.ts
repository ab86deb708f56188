import type { TransactionRecord } from "../../models/transaction-record.ts";
import {
  commitmentOf,
  type Config,
  configAt,
  contextBlock,
  listAt,
  parseSignature,
  pubkeyAt,
  type RpcCall,
  type RpcMethod,
  withContext,
} from "./rpc-call.ts";
import { invalidParams } from "./rpc-error.ts";
import { encodeTransaction, parseTransactionEncoding } from "./transaction-json.ts";

const STATUSES_MAX = 256;
const SIGNATURES_MAX = 1_000;
/** The status cache of a node reaches back about as far as a blockhash lives. */
const STATUS_CACHE_BLOCKS = 150;

export const HISTORY_METHODS: Readonly<Record<string, RpcMethod>> = {
  getSignatureStatuses(call) {
    const signatures = listAt(call, 0, STATUSES_MAX).map(parseSignature);
    const searches = configAt(call, 1)["searchTransactionHistory"] === true;
    const head = call.view.block("processed");
    return withContext(
      head,
      signatures.map((signature) => {
        const record = call.chain.history.get(signature);
        if (record === undefined) return null;
        const isOld = record.block.height < head.height - STATUS_CACHE_BLOCKS;
        return isOld && !searches ? null : encodeStatus(call, record);
      }),
    );
  },
  getTransaction(call) {
    const signature = parseSignature(call.params[0]);
    const config = historyConfig(call, 1);
    const block = contextBlock(call, config);
    const record = call.chain.history.get(signature);
    if (record === undefined || record.block.slot > block.slot) return null;
    const encoding = parseTransactionEncoding(config["encoding"]);
    return encodeTransaction(record, encoding, config["maxSupportedTransactionVersion"]);
  },
  getSignaturesForAddress(call) {
    const pubkey = pubkeyAt(call, 0);
    const config = historyConfig(call, 1);
    const block = contextBlock(call, config);
    const limit = Number(config["limit"] ?? SIGNATURES_MAX);
    if (!Number.isInteger(limit) || limit < 1 || limit > SIGNATURES_MAX) {
      throw invalidParams(`Invalid limit; max ${SIGNATURES_MAX}`);
    }
    const visible = call.chain.history
      .of(pubkey)
      .filter(({ block: { slot } }) => slot <= block.slot);
    return window(visible, config["before"], config["until"])
      .slice(0, limit)
      .map((record) => ({
        signature: record.signature,
        slot: record.block.slot,
        err: record.err,
        memo: null,
        blockTime: Math.floor(record.block.timeMs / 1_000),
        confirmationStatus: call.view.commitmentOf(record.block.slot),
      }));
  },
};

/** Transactions that may still roll back are not part of the history that nodes serve. */
function historyConfig(call: RpcCall, index: number): Config {
  const given = call.params[index];
  const config: Config = typeof given === "string" ? { encoding: given } : configAt(call, index);
  if (commitmentOf(config) === "processed") {
    throw invalidParams("Method does not support commitment below `confirmed`");
  }
  return config;
}

function encodeStatus({ view }: RpcCall, record: TransactionRecord): unknown {
  const confirmationStatus = view.commitmentOf(record.block.slot);
  if (confirmationStatus === undefined) return null;
  const { err } = record;
  const depth = view.block("processed").height - record.block.height;
  return {
    slot: record.block.slot,
    confirmations: confirmationStatus === "finalized" ? null : depth,
    status: err === null ? { Ok: null } : { Err: err },
    err,
    confirmationStatus,
  };
}

/** Newest first: everything older than `before`, down to but without `until`. */
function window(
  records: readonly TransactionRecord[],
  before: unknown,
  until: unknown,
): TransactionRecord[] {
  const start = records.findIndex(({ signature }) => signature === before);
  const rest = records.slice(before === undefined ? 0 : start === -1 ? records.length : start + 1);
  const end = rest.findIndex(({ signature }) => signature === until);
  return end === -1 ? rest : rest.slice(0, end);
}

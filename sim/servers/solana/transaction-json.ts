import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ResolvedKey } from "../../models/resolved-keys.ts";
import type { TokenBalance, TransactionRecord } from "../../models/transaction-record.ts";
import type { InnerInstruction } from "../../models/transaction-runner.ts";
import { encodeParsedInstruction } from "./instruction-json.ts";
import { invalidParams, RPC_CODES, RpcError } from "./rpc-error.ts";
import { encodeTokenAmount } from "./token-amount.ts";

export type TransactionEncoding = "json" | "jsonParsed" | "base64" | "base58";

const ENCODINGS: readonly TransactionEncoding[] = ["json", "jsonParsed", "base64", "base58"];

export function parseTransactionEncoding(value: unknown): TransactionEncoding {
  const found = ENCODINGS.find((encoding) => encoding === (value ?? "json"));
  if (found === undefined) {
    throw invalidParams(`Invalid params: unknown variant \`${String(value)}\`.`);
  }
  return found;
}

/** What `getTransaction` answers for a landed transaction. */
export function encodeTransaction(
  record: TransactionRecord,
  encoding: TransactionEncoding,
  versionMax: unknown,
): Record<string, unknown> {
  const { transaction, block } = record;
  const knowsVersions = typeof versionMax === "number";
  if (transaction.version === 0 && !knowsVersions) {
    throw new RpcError(
      RPC_CODES.unsupportedVersion,
      "Transaction version (0) is not supported by the requesting client. " +
        "Please try the request again with the following configuration parameter: " +
        '"maxSupportedTransactionVersion": 0',
    );
  }
  return {
    slot: block.slot,
    blockTime: Math.floor(block.timeMs / 1_000),
    transaction: encodeBody(record, encoding),
    meta: encodeMeta(record, encoding),
    ...(knowsVersions ? { version: transaction.version } : {}),
  };
}

function encodeBody(record: TransactionRecord, encoding: TransactionEncoding): unknown {
  if (encoding === "base64") return [Buffer.from(record.wire).toString("base64"), "base64"];
  if (encoding === "base58") return [encodeBase58(record.wire), "base58"];
  const { transaction } = record;
  const message = encoding === "json" ? encodeRawMessage(record) : encodeParsedMessage(record);
  const lookups = transaction.lookups.map(({ table, writableIndexes, readonlyIndexes }) => ({
    accountKey: table,
    writableIndexes,
    readonlyIndexes,
  }));
  return {
    signatures: transaction.signatures.map(encodeBase58),
    message: {
      ...message,
      recentBlockhash: transaction.recentBlockhash,
      ...(transaction.version === 0 ? { addressTableLookups: lookups } : {}),
    },
  };
}

function encodeRawMessage({ transaction }: TransactionRecord): Record<string, unknown> {
  const { header } = transaction;
  return {
    accountKeys: transaction.staticKeys,
    header: {
      numRequiredSignatures: header.signerCount,
      numReadonlySignedAccounts: header.readonlySignerCount,
      numReadonlyUnsignedAccounts: header.readonlyOtherCount,
    },
    instructions: transaction.instructions.map((instruction) => ({
      programIdIndex: instruction.programIndex,
      accounts: instruction.accountIndexes,
      data: encodeBase58(instruction.data),
      stackHeight: 1,
    })),
  };
}

function encodeParsedMessage({ transaction, keys }: TransactionRecord): Record<string, unknown> {
  return {
    accountKeys: keys.map(({ pubkey, isSigner, isWritable, source }) => ({
      pubkey,
      signer: isSigner,
      source,
      writable: isWritable,
    })),
    instructions: transaction.instructions.map(({ programIndex, accountIndexes, data }) =>
      encodeParsedInstruction(
        {
          programId: pubkeyAt(keys, programIndex),
          accounts: accountIndexes.map((index) => pubkeyAt(keys, index)),
          data,
        },
        1,
      ),
    ),
  };
}

function encodeMeta(record: TransactionRecord, encoding: TransactionEncoding) {
  const { keys, err } = record;
  const loaded = keys.filter(({ source }) => source === "lookupTable");
  return {
    err,
    status: err === null ? { Ok: null } : { Err: err },
    fee: record.fee,
    preBalances: record.preLamports,
    postBalances: record.postLamports,
    innerInstructions: encodeInner(record.inner, keys, encoding),
    logMessages: record.logs,
    preTokenBalances: record.preTokenBalances.map(encodeTokenBalance),
    postTokenBalances: record.postTokenBalances.map(encodeTokenBalance),
    rewards: [],
    ...(encoding === "jsonParsed"
      ? {}
      : {
          loadedAddresses: {
            writable: loaded.filter((key) => key.isWritable).map(({ pubkey }) => pubkey),
            readonly: loaded.filter((key) => !key.isWritable).map(({ pubkey }) => pubkey),
          },
        }),
    ...(record.returnData === undefined ? {} : { returnData: encodeReturnData(record.returnData) }),
    computeUnitsConsumed: record.unitsConsumed,
  };
}

/**
 * Calls that name an account outside of the transaction cannot be written with indexes; those of a
 * model whose pool is not among the accounts are left out.
 */
export function encodeInner(
  inner: ReadonlyMap<number, InnerInstruction[]>,
  keys: readonly ResolvedKey[],
  encoding: TransactionEncoding,
): unknown[] {
  const indexOf = new Map(keys.map(({ pubkey }, index) => [pubkey, index]));
  return [...inner].map(([index, instructions]) => ({
    index,
    instructions: instructions
      .filter(({ programId, accounts }) =>
        [programId, ...accounts].every((pubkey) => indexOf.has(pubkey)),
      )
      .map((instruction) =>
        encoding === "jsonParsed"
          ? encodeParsedInstruction(instruction, instruction.stackHeight)
          : {
              programIdIndex: indexOf.get(instruction.programId),
              accounts: instruction.accounts.map((pubkey) => indexOf.get(pubkey)),
              data: encodeBase58(instruction.data),
              stackHeight: instruction.stackHeight,
            },
      ),
  }));
}

export function encodeReturnData({
  programId,
  data,
}: {
  programId: Uint8Array;
  data: Uint8Array;
}): unknown {
  return {
    programId: encodeBase58(programId),
    data: [Buffer.from(data).toString("base64"), "base64"],
  };
}

function encodeTokenBalance(balance: TokenBalance): unknown {
  const { accountIndex, mint, owner, tokenProgram, quantity, decimals } = balance;
  return {
    accountIndex,
    mint,
    owner,
    programId: tokenProgram,
    uiTokenAmount: encodeTokenAmount(quantity, decimals),
  };
}

function pubkeyAt(keys: readonly ResolvedKey[], index: number): string {
  return (keys[index] as ResolvedKey).pubkey;
}

import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import {
  NONCES_PER_MESSAGE_MAX,
  WALLET_TOKEN_ACCOUNTS_MAX,
  type CreatedWallet,
  type KnownWallet,
  type SignAnswer,
  type SignIntent,
  type SignRequest,
  type SigningTurn,
  type SwapIntent,
  type WalletCheck,
} from "../ports/signer.ts";

/** What goes over the pipe to the signer. Ids are the client's and come back with the answer. */
export type PipeRequest =
  | { id: number; op: "sign"; request: SignRequest }
  | { id: number; op: "createWallet"; walletId: string; userId: number }
  | { id: number; op: "checkWallet"; wallet: KnownWallet };

export type PipeAnswer =
  | { id: number; op: "sign"; answer: SignAnswer }
  | { id: number; op: "createWallet"; wallet: CreatedWallet }
  | { id: number; op: "checkWallet"; check: WalletCheck }
  | { id: number; op: "error"; problem: string };

const TABLES_MAX = 16;
const TABLE_ENTRIES_MAX = 256;
const TEXT_CHARS_MAX = 4_096;
/** A message may hold hundreds of strange instructions; the first few say enough. */
export const REASONS_MAX = 64;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one request by hand: the signer's process carries no schema library.
 * @throws RAPTOR_SIGNER__BAD_REQUEST naming the field, never its value.
 */
export function parsePipeRequest(value: unknown): PipeRequest {
  const fields = object(value, "request");
  const id = integer(fields, "id");
  if (fields["op"] === "createWallet") {
    return { id, op: "createWallet", walletId: text(fields, "walletId"), userId: userIdOf(fields) };
  }
  if (fields["op"] === "checkWallet") {
    const wallet = object(fields["wallet"], "wallet");
    const userId = userIdOf(wallet);
    const [walletId, address, wrapped] = ["walletId", "address", "wrapped"].map((name) =>
      text(wallet, name),
    ) as [string, string, string];
    return { id, op: "checkWallet", wallet: { walletId, userId, address, wrapped } };
  }
  if (fields["op"] !== "sign") throw bad("op");
  const request = object(fields["request"], "request");
  if (request["alg"] !== "ed25519") throw bad("alg");
  return {
    id,
    op: "sign",
    request: {
      alg: "ed25519",
      walletId: text(request, "walletId"),
      userId: userIdOf(request),
      wrapped: text(request, "wrapped"),
      message: text(request, "message"),
      intent: parseIntent(object(request["intent"], "intent")),
      ...(request["turn"] === undefined ? {} : { turn: parseTurn(request["turn"]) }),
    },
  };
}

function parseTurn(value: unknown): SigningTurn {
  const turn = object(value, "turn");
  const notAfterMs = turn["notAfterMs"] === null ? null : integer(turn, "notAfterMs");
  return { epoch: integer(turn, "epoch"), notAfterMs };
}

/** The id of a request that is otherwise unreadable, so that its sender hears of it. */
export function pipeRequestId(value: unknown): number {
  return integer(object(value, "request"), "id");
}

/** @throws RAPTOR_SIGNER__BAD_REQUEST when the signer's answer has no known shape. */
export function parsePipeAnswer(value: unknown): PipeAnswer {
  const fields = object(value, "answer");
  const id = integer(fields, "id");
  if (fields["op"] === "error") return { id, op: "error", problem: text(fields, "problem") };
  if (fields["op"] === "createWallet") {
    const wallet = object(fields["wallet"], "wallet");
    const address = text(wallet, "address");
    const wrapped = text(wallet, "wrapped");
    const vaultSha256 = text(wallet, "vaultSha256");
    return { id, op: "createWallet", wallet: { address, wrapped, vaultSha256 } };
  }
  if (fields["op"] === "checkWallet") {
    const check = object(fields["check"], "check");
    const [opens, isCurrent] = [check["opens"] === true, check["isCurrent"] === true];
    return { id, op: "checkWallet", check: { opens, isCurrent } };
  }
  const answer = object(fields["answer"], "answer");
  if (answer["outcome"] === "signed") {
    const signature = text(answer, "signature");
    return { id, op: "sign", answer: { outcome: "signed", signature } };
  }
  if (answer["outcome"] !== "refused") throw bad("outcome");
  const reasons = texts(answer, "reasons", REASONS_MAX);
  const isTurnOver = answer["isTurnOver"] === true;
  const refused = { outcome: "refused" as const, reasons };
  return { id, op: "sign", answer: isTurnOver ? { ...refused, isTurnOver } : refused };
}

function parseIntent(fields: Fields): SignIntent {
  const { kind } = fields;
  if (kind === "solanaSwap") return parseSwapIntent(fields);
  const wallet = text(fields, "wallet");
  const feeLamportsMax = text(fields, "feeLamportsMax");
  if (kind === "solanaCreateNonces") {
    const accounts = list(fields, "accounts", NONCES_PER_MESSAGE_MAX).map((value) => {
      const account = object(value, "accounts");
      return { index: integer(account, "index"), heldLamports: text(account, "heldLamports") };
    });
    return { kind, wallet, accounts, feeLamportsMax };
  }
  if (kind !== "solanaReclaimNonce" && kind !== "solanaVoidNonce") throw bad("kind");
  const index = integer(fields, "index");
  if (kind === "solanaVoidNonce") {
    return { kind, wallet, index, value: text(fields, "value"), feeLamportsMax };
  }
  return { kind, wallet, index, lamports: text(fields, "lamports"), feeLamportsMax };
}

function parseSwapIntent(fields: Fields): SwapIntent {
  const side = fields["side"];
  if (side !== "buy" && side !== "sell") throw bad("side");
  const tables = list(fields, "lookupTables", TABLES_MAX);
  return {
    kind: "solanaSwap",
    side,
    wallet: text(fields, "wallet"),
    mint: text(fields, "mint"),
    tokenProgram: text(fields, "tokenProgram"),
    quantityIn: text(fields, "quantityIn"),
    quantityOutMin: text(fields, "quantityOutMin"),
    slippageBpsMax: integer(fields, "slippageBpsMax"),
    feeLamportsMax: text(fields, "feeLamportsMax"),
    tipLamportsMax: text(fields, "tipLamportsMax"),
    lookupTables: tables.map((table) => {
      const entry = object(table, "lookupTables");
      const addresses = texts(entry, "addresses", TABLE_ENTRIES_MAX);
      return { address: text(entry, "address"), addresses };
    }),
    walletTokenAccounts: texts(fields, "walletTokenAccounts", WALLET_TOKEN_ACCOUNTS_MAX),
    tokenQuantityMin: text(fields, "tokenQuantityMin"),
    nonce: parseNonceUse(fields["nonce"]),
  };
}

function parseNonceUse(value: unknown): SwapIntent["nonce"] {
  if (value === null) return null;
  const nonce = object(value, "nonce");
  return { index: integer(nonce, "index"), value: text(nonce, "value") };
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(name);
  return value as Fields;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value.length > TEXT_CHARS_MAX) throw bad(name);
  return value;
}

function integer(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw bad(name);
  return value;
}

function userIdOf(fields: Fields): number {
  const userId = integer(fields, "userId");
  if (userId <= 0) throw bad("userId");
  return userId;
}

function list(fields: Fields, name: string, countMax: number): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > countMax) throw bad(name);
  return value;
}

function texts(fields: Fields, name: string, countMax: number): string[] {
  return list(fields, name, countMax).map((value) => {
    if (typeof value !== "string" || value.length > TEXT_CHARS_MAX) throw bad(name);
    return value;
  });
}

function bad(field: string): RaptorError {
  return new RaptorError("RAPTOR_SIGNER__BAD_REQUEST", { problem: `${field} is not usable` });
}

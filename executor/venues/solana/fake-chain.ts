import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { evenPrng, type FakeAnswer, FakeClock, FakeLog, FakeNet } from "./fake-net.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { deriveTokenAccount, TOKEN_PROGRAM } from "./programs.ts";
import { Rpc } from "./rpc.ts";
import { SpenderLooks } from "./spender-looks.ts";

export const WALLET = "GkwFnmMDvn3HGMpJpWBg8tgJxr3NxNvg3AXxvXVPbRGJ";
export const MINT = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
export const TOKEN_ACCOUNT = deriveTokenAccount(WALLET, MINT, TOKEN_PROGRAM);
export const WSOL_ACCOUNT = "9n4nbM75f5Ui33ZbPYXn59EwSgE8CGsHtAeTH5YFeJ9E";
export const SIGNATURE =
  "2EanSSkn5cjv9DVKik5gtBkN1wwbV1TAXQQ5yu2RTPGwgrhEywVAQR2veu895uCDzvYwWZe6vD1Bcn8s7r22W17w";
const GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

export const NONCE_ACCOUNT = deriveNonceAddress(WALLET, 0);
export const NONCE_VALUE = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
export const BOUND = 3_000;
/** First slot whose block is above the bound: slots run ahead of heights. */
export const SLOT_AFTER_BOUND = 4_500;

export type Commitment = "processed" | "confirmed" | "finalized";

/** What one fake node believes. */
export interface NodeState {
  finalizedHeight: number;
  finalizedSlot: number;
  /** Context slot of its status answers. */
  historySlot: number;
  status: { commitment: Commitment; err: unknown } | null;
  takesBlockhash: boolean;
  tokenQuantity: bigint;
  isTokenFrozen: boolean;
  accountSlot: number;
  /** The value in the nonce account, and the slot of the answer; null: no such account. */
  nonce: { value: string | null; slot: number };
  transaction: unknown;
  history: { signature: string; blockTime: number | null }[];
  transactions: Map<string, unknown>;
  /** Methods that this node answers otherwise. */
  broken: Map<string, FakeAnswer>;
}

export function createNodeState(): NodeState {
  return {
    finalizedHeight: BOUND + 1,
    finalizedSlot: SLOT_AFTER_BOUND,
    historySlot: SLOT_AFTER_BOUND + 40,
    status: null,
    takesBlockhash: false,
    tokenQuantity: 700n,
    isTokenFrozen: false,
    accountSlot: SLOT_AFTER_BOUND,
    nonce: { value: NONCE_VALUE, slot: SLOT_AFTER_BOUND },
    transaction: null,
    history: [],
    transactions: new Map(),
    broken: new Map(),
  };
}

/** Two fake nodes, or three; envelopes as in the Solana JSON-RPC documentation. */
export function createFakeChain(third?: NodeState) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const log = new FakeLog();
  const nodes: [NodeState, NodeState] = [createNodeState(), createNodeState()];
  const all = third === undefined ? nodes : [...nodes, third];
  all.forEach((state, index) => {
    net.nodes.set(`node${index}.example`, (method, params) => answer(state, method, params));
  });
  const urls = all.map((_, index) => `https://node${index}.example/`);
  const rpc = new Rpc({ net, clock, prng: evenPrng, log, settings: { urls, timeoutMs: 1_000 } });
  return { net, clock, log, nodes, rpc, spenderLooks: new SpenderLooks(clock) };
}

function answer(state: NodeState, method: string, params: readonly unknown[]): FakeAnswer {
  const broken = state.broken.get(method);
  if (broken !== undefined) return broken;
  switch (method) {
    case "getGenesisHash":
      return { result: GENESIS };
    case "getBlockHeight":
      return { result: state.finalizedHeight };
    case "getSlot":
      return { result: state.finalizedSlot };
    case "isBlockhashValid":
      return { result: { context: { slot: state.finalizedSlot }, value: state.takesBlockhash } };
    case "getSignatureStatuses":
      return { result: { context: { slot: state.historySlot }, value: [statusOf(state)] } };
    case "getTransaction": {
      const signature = String(params[0]);
      const found = state.transactions.get(signature) ?? null;
      return { result: signature === SIGNATURE ? state.transaction : found };
    }
    case "getSignaturesForAddress":
      return {
        result: state.history.map((entry) => ({ ...entry, slot: 1, err: null, memo: null })),
      };
    case "getAccountInfo":
      if (params[0] === NONCE_ACCOUNT) return { result: nonceOf(state) };
      return { result: tokenAccountOf(state) };
    case "getBalance":
      return { result: { context: { slot: state.accountSlot }, value: 10_000_000_000 } };
    case "getTokenAccountsByOwner": {
      const { context, value } = tokenAccountOf(state);
      const isClassic = (params[1] as { programId: string }).programId === TOKEN_PROGRAM;
      const owned = isClassic ? [{ pubkey: TOKEN_ACCOUNT, account: value }] : [];
      return { result: { context, value: owned } };
    }
    default:
      return { error: { code: -32_601, message: "Method not found" } };
  }
}

function statusOf({ status }: NodeState): unknown {
  if (status === null) return null;
  const { commitment, err } = status;
  const confirmations = commitment === "finalized" ? null : 10;
  const outcome = err === null ? { Ok: null } : { Err: err };
  return { slot: 4_400, confirmations, err, status: outcome, confirmationStatus: commitment };
}

/** A nonce account of the wallet on the value, as nodes show it in base64. */
export function createNonceAccount(wallet: string, value: string) {
  const data = Buffer.alloc(80);
  data.writeUInt32LE(1, 0);
  data.writeUInt32LE(1, 4);
  data.set(decodeBase58(wallet) ?? [], 8);
  data.set(decodeBase58(value) ?? [], 40);
  return {
    data: [data.toString("base64"), "base64"],
    executable: false,
    lamports: 1_447_680,
    owner: "11111111111111111111111111111111",
    rentEpoch: 18_446_744_073_709_552_000,
    space: 80,
  };
}

function nonceOf({ nonce: { value, slot } }: NodeState) {
  const account = value === null ? null : createNonceAccount(WALLET, value);
  return { context: { apiVersion: "2.3.6", slot }, value: account };
}

/** The answer of `getAccountInfo` for the wallet's tokens. */
export function tokenAccountOf(state: NodeState) {
  const data = Buffer.alloc(165);
  data.set(decodeBase58(MINT) ?? [], 0);
  data.set(decodeBase58(WALLET) ?? [], 32);
  data.writeBigUInt64LE(state.tokenQuantity, 64);
  data.writeUInt8(state.isTokenFrozen ? 2 : 1, 108);
  return {
    context: { apiVersion: "2.3.6", slot: state.accountSlot },
    value: {
      data: [data.toString("base64"), "base64"],
      executable: false,
      lamports: 2_039_280,
      owner: TOKEN_PROGRAM,
      rentEpoch: 18_446_744_073_709_552_000,
      space: 165,
    },
  };
}

export function createAttemptRow(side: "buy" | "sell"): AttemptRow {
  return {
    attemptId: "o1:1",
    orderId: "o1",
    n: 1,
    venue: "SOLANA",
    identity: SIGNATURE,
    payload: "AQID",
    bound: {
      kind: "blockHeight",
      lastValidBlockHeight: BOUND,
      blockhash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N",
    },
    exclusionGroup: `sig:${SIGNATURE}`,
    slot: "slot",
    state: "submitted",
    costCapLamports: "0",
    quantityOutMin: "1",
    route: { wallet: WALLET, mint: MINT, side, tokenAccount: TOKEN_ACCOUNT },
    witness: { lamports: "10000000000", quantity: "700" },
    cause: null,
    evidence: null,
    epoch: 1,
    voids: null,
    preparedMs: 1_790_001_000_000,
    submittedMs: null,
  };
}

interface TokenChange {
  index: number;
  mint: string;
  before: bigint | null;
  after: bigint | null;
}

/** `getTransaction` with encoding "json": account 0 is the wallet, 1 its token account, 2 WSOL. */
export function createTransaction(options: {
  signature?: string;
  fee?: number;
  err?: unknown;
  pre: number[];
  post: number[];
  tokens: TokenChange[];
  keys?: string[];
  recentBlockhash?: string;
}): unknown {
  const encode = (side: "before" | "after"): unknown[] =>
    options.tokens.flatMap(({ index, mint, ...change }) => {
      const amount = change[side];
      if (amount === null) return [];
      const uiTokenAmount = {
        amount: String(amount),
        decimals: 6,
        uiAmount: null,
        uiAmountString: String(amount),
      };
      return [
        { accountIndex: index, mint, owner: WALLET, programId: TOKEN_PROGRAM, uiTokenAmount },
      ];
    });
  return {
    slot: 4_400,
    blockTime: 1_790_001_001,
    version: 0,
    transaction: {
      signatures: [options.signature ?? SIGNATURE],
      message: {
        accountKeys: options.keys ?? [WALLET, TOKEN_ACCOUNT, WSOL_ACCOUNT],
        addressTableLookups: [],
        header: {
          numReadonlySignedAccounts: 0,
          numReadonlyUnsignedAccounts: 0,
          numRequiredSignatures: 1,
        },
        instructions: [],
        recentBlockhash: options.recentBlockhash ?? NONCE_VALUE,
      },
    },
    meta: {
      err: options.err ?? null,
      fee: options.fee ?? 5_000,
      innerInstructions: [],
      loadedAddresses: { readonly: [], writable: [] },
      logMessages: [],
      preBalances: options.pre,
      postBalances: options.post,
      preTokenBalances: encode("before"),
      postTokenBalances: encode("after"),
      rewards: [],
      status: { Ok: null },
    },
  };
}

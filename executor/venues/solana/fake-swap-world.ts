import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { VersionedTransaction } from "@solana/web3.js";
import type { SignAnswer, Signer, SignRequest, SwapIntent } from "../../ports/signer.ts";
import type { Lifetime, PrepareOutcome } from "../../ports/venue.ts";
import { BlockhashBook } from "./blockhash-book.ts";
import { prepareSwap } from "./build-swap.ts";
import { createFakeChain, createNonceAccount } from "./fake-chain.ts";
import { evenPrng, type FakeAnswer } from "./fake-net.ts";
import { FeeBook } from "./fee-book.ts";
import { createFeeEstimate } from "./fee-source.ts";
import { BOUGHT_MINT, createBuild, STRANGER, TABLE, TAKER } from "./jupiter-fixture.ts";
import type { BuildAnswer } from "./jupiter-answers.ts";
import { type LandingPlanSettings, planLanding } from "./landing-plan.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { LOOKUP_TABLE_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { createRoute } from "./swap-route.ts";
import { WalletAccounts } from "./wallet-accounts.ts";

export const RENT = 2_039_280;
export const SIGNATURE = encodeBase58(Buffer.alloc(64, 9));
export const ORDER: OrderRow = {
  orderId: "o1",
  userId: 7,
  walletId: "w1",
  venue: "SOLANA",
  instrument: `${BOUGHT_MINT}.SOLANA`,
  symbol: "JUP",
  decimals: 6,
  tokenProgram: TOKEN_PROGRAM,
  side: "buy",
  source: { kind: "job", jobId: "j1" },
  status: "initialized",
  reason: null,
  notionalLamports: "100000000",
  quantity: "0",
  slippageBpsMax: 100,
  positionId: null,
  entryPriceE9: null,
  deadlineMs: null,
  guardOverride: false,
  noticeKey: "n1",
  createdMs: 0,
};
export const WALLET: WalletRow = { walletId: "w1", userId: 7, address: TAKER, vaultSha256: "" };

export interface Balances {
  wallet: number;
  token: bigint | null;
  /** What is unusual about who has power over the token account. */
  control?: { owner?: string; delegate?: string; closer?: string; program?: string };
  walletProgram?: string;
  /** A wrapped account that nobody closed. */
  wsol?: bigint;
}

export const BEFORE: Balances = { wallet: 1_000_000_000, token: null };
export const AFTER: Balances = {
  wallet: 1_000_000_000 - 100_000_000 - RENT - 5_000,
  token: 42_000_000n,
};

function tokenAccount(
  mint: string,
  quantity: bigint,
  control: NonNullable<Balances["control"]> = {},
): unknown {
  const { owner = TAKER, delegate, closer, program = TOKEN_PROGRAM } = control;
  const data = Buffer.alloc(165);
  data.set(decodeBase58(mint) ?? [], 0);
  data.set(decodeBase58(owner) ?? [], 32);
  data.writeBigUInt64LE(quantity, 64);
  data.writeUInt8(1, 108);
  if (delegate !== undefined) {
    data.writeUInt32LE(1, 72);
    data.set(decodeBase58(delegate) ?? [], 76);
    data.writeBigUInt64LE(quantity, 121);
  }
  if (closer !== undefined) {
    data.writeUInt32LE(1, 129);
    data.set(decodeBase58(closer) ?? [], 133);
  }
  return account(RENT, program, data);
}

function account(lamports: number, owner: string, data: Buffer): unknown {
  const rest = { executable: false, rentEpoch: 18_446_744_073_709_552_000, space: data.length };
  return { lamports, owner, data: [data.toString("base64"), "base64"], ...rest };
}

function accountsOf(balances: Balances): unknown[] {
  const { wallet, token, control, walletProgram = SYSTEM_PROGRAM, wsol } = balances;
  return [
    account(wallet, walletProgram, Buffer.alloc(0)),
    token === null ? null : tokenAccount(BOUGHT_MINT, token, control),
    wsol === undefined ? null : tokenAccount(WSOL_MINT, wsol),
  ];
}

export const NONCE_ACCOUNT = deriveNonceAddress(TAKER, 0);

function tableAccount(addresses: string[]): unknown {
  const data = Buffer.alloc(56 + 32 * addresses.length);
  data.writeUInt32LE(1, 0);
  data.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 4);
  addresses.forEach((address, at) => data.set(decodeBase58(address) ?? [], 56 + 32 * at));
  return account(1, LOOKUP_TABLE_PROGRAM, data);
}

export interface World {
  before: Balances[];
  after: Balances;
  simulationError: unknown;
  /** What only the message with guards runs into. */
  guardError: unknown;
  /** Token accounts of the wallet by program. */
  owned: Record<string, string[]>;
  table: string[];
  /** What the second node shows of it, in answers that are a slot older. */
  otherTable?: string[];
  estimate: FakeAnswer;
  signing: SignAnswer;
  answer: BuildAnswer;
  priorityFeeLamportsMax: bigint;
  landing: Omit<LandingPlanSettings, "feeLamportsMax">;
  /** What the person has chosen; undefined: nothing. */
  protect: MevProtect | undefined;
  n: number;
  lifetime: Lifetime;
  /** What the nodes hold in the wallet's nonce account 0, for each commitment. */
  nonce: Partial<Record<"confirmed" | "finalized", string>>;
}

function createWorld(change: Partial<World> = {}): World {
  return {
    before: [BEFORE],
    after: AFTER,
    simulationError: null,
    guardError: null,
    owned: {},
    table: [STRANGER, BOUGHT_MINT],
    estimate: { error: { code: -32_601, message: "Method not found" } },
    signing: { outcome: "signed", signature: SIGNATURE },
    answer: createBuild(),
    priorityFeeLamportsMax: 1_000_000n,
    landing: { services: [], mevProtect: "off", plainAfterSlots: 25 },
    protect: undefined,
    n: 1,
    lifetime: { kind: "blockHeight" },
    nonce: {},
    ...change,
  };
}

function answerOf(
  world: World,
  reads: { count: number },
  host: string,
  method: string,
  params: readonly unknown[],
) {
  const context = { apiVersion: "2.3.6", slot: 5_000 };
  if (method === "getLatestBlockhash") {
    const value = { blockhash: STRANGER, lastValidBlockHeight: 3_150 };
    return { result: { context, value } };
  }
  if (method === "getMultipleAccounts" && (params[0] as string[])[0] === NONCE_ACCOUNT) {
    const { commitment } = params[1] as { commitment: "confirmed" | "finalized" };
    const stored = world.nonce[commitment];
    const value = [stored === undefined ? null : createNonceAccount(TAKER, stored)];
    return { result: { context, value } };
  }
  if (method === "getMultipleAccounts") {
    const isTable = (params[0] as string[])[0] === TABLE;
    const read = Math.min(Math.floor(reads.count / 2), world.before.length - 1);
    if (!isTable) reads.count += 1;
    if (isTable) return answerTable(world, context, host);
    return { result: { context, value: accountsOf(world.before[read] ?? BEFORE) } };
  }
  if (method === "simulateTransaction") {
    const isGuarded = guardsOf(String(params[0])).length > 0;
    const err = world.simulationError ?? (isGuarded ? world.guardError : null);
    // Whatever was allowed is taken back again: with the guards nothing of it shows.
    const { control: _undone, ...after } = world.after;
    const value = {
      err,
      accounts: err === null ? accountsOf(isGuarded ? after : world.after) : null,
      logs: [],
      returnData: null,
      unitsConsumed: 100_000,
    };
    return { result: { context, value } };
  }
  if (method === "getTokenAccountsByOwner") {
    const { programId } = params[1] as { programId: string };
    const held = (world.owned[programId] ?? []).map((pubkey) => ({
      pubkey,
      account: account(RENT, programId, Buffer.alloc(0)),
    }));
    return { result: { context, value: held } };
  }
  return world.estimate;
}

function answerTable({ table, otherTable }: World, context: { slot: number }, host: string) {
  const isOther = otherTable !== undefined && host === "node1.example";
  const shown = { ...context, slot: context.slot - (isOther ? 1 : 0) };
  return { result: { context: shown, value: [tableAccount(isOther ? otherTable : table)] } };
}

/** Data of the guards in a transaction, in hex: token instructions that a plain swap has not. */
export function guardsOf(payload: string): string[] {
  const { message } = VersionedTransaction.deserialize(Buffer.from(payload, "base64"));
  return message.compiledInstructions
    .filter((item) => message.staticAccountKeys[item.programIdIndex]?.toBase58() === TOKEN_PROGRAM)
    .map(({ data }) => Buffer.from(data).toString("hex"))
    .filter((data) => /^(05|06|0c)/.test(data));
}

export async function prepare(change: Partial<World> = {}) {
  const world = createWorld(change);
  const { rpc, net, log, clock } = createFakeChain();
  const reads = { count: 0 };
  for (const host of net.nodes.keys()) {
    net.nodes.set(host, (method, params) => answerOf(world, reads, host, method, params));
  }
  const requests: (SignRequest & { intent: SwapIntent })[] = [];
  const signer: Signer = {
    sign: async (request) => {
      const { intent } = request;
      if (intent.kind !== "solanaSwap") throw new Error("expected a swap to sign");
      requests.push({ ...request, intent });
      return world.signing;
    },
    createWallet: () => Promise.reject(new Error("expected no new wallet")),
    checkWallet: () => Promise.reject(new Error("expected no check")),
  };
  const request = {
    wallet: TAKER,
    mint: BOUGHT_MINT,
    side: "buy" as const,
    quantityIn: 100_000_000n,
    slippageBps: 100,
    ...(world.protect === undefined ? {} : { protect: world.protect }),
  };
  const walletAccounts = new WalletAccounts(rpc);
  net.nodes.set("fees.example", () => world.estimate);
  const fees = new FeeBook({
    sources: [createFeeEstimate(net, "https://fees.example/", 1_000)],
    clock,
    settings: { pollMs: 1_000, staleMs: 60_000, feeLamportsMax: world.priorityFeeLamportsMax },
  });
  await fees.refresh();
  const outcome = await prepareSwap(
    {
      rpc,
      signer,
      log,
      walletAccounts,
      blockhashes: new BlockhashBook({ rpc, clock, settings: { pollMs: 0, staleMs: 0 } }),
      priorityFeeLamportsMax: world.priorityFeeLamportsMax,
      fees,
      planLanding: (side, n, mevProtect = world.landing.mevProtect) => {
        const feeLamportsMax = world.priorityFeeLamportsMax;
        return planLanding({ ...world.landing, mevProtect, feeLamportsMax }, evenPrng, side, n);
      },
      fetchTokenProgram: async () => TOKEN_PROGRAM,
    },
    ORDER,
    WALLET,
    "wrapped",
    createRoute(request, world.answer),
    world.n,
    world.lifetime,
  );
  return { outcome, requests, net, log, walletAccounts };
}

export function preparedOf(outcome: PrepareOutcome) {
  if (outcome.outcome !== "prepared") throw new Error(outcome.reason);
  return outcome.attempt;
}

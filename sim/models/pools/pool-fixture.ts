import {
  ComputeBudgetProgram,
  type Keypair,
  PublicKey,
  TransactionInstruction,
} from "@solana/web3.js";
import {
  type DirectPool,
  decodePool,
  type PoolInstruction,
  type PoolRef,
  type RawInstruction,
} from "@raptor/executor/pools/direct-pool.ts";
import { isUnusable } from "@raptor/executor/pools/unusable.ts";
import type { Chain } from "../chain.ts";
import { createChain, createWallet, sign, SOL, tick } from "../chain-fixture.ts";
import type { ChainError } from "../chain-error.ts";
import { installMarket, type MarketOnChain } from "../market-on-chain.ts";
import type { TokenKind } from "../market-tokens.ts";
import { Market, type MarketToken } from "../market.ts";
import { NATIVE_MINT } from "../token-accounts.ts";

const NOW_MS = 1_790_000_000_000;
const SLOTS_TO_LAND = 6;

export interface PoolWorld {
  chain: Chain;
  market: Market;
  onChain: MarketOnChain;
  /** Moves the clock that the crowd trades by; nobody trades before `market.moving` is set. */
  pass(ms: number): void;
}

/** Every pool of a market on a chain that stands still until a test ticks it. */
export function createPoolWorld(seed: number): PoolWorld {
  let nowMs = NOW_MS;
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
    defer: (task: () => void) => task(),
  };
  const chain = createChain({ clock });
  const market = new Market({ seed, clock });
  market.moving = false;
  const pass = (ms: number) => void (nowMs += ms);
  return { chain, market, onChain: installMarket(chain, market, clock), pass };
}

export function tokenOf({ market }: PoolWorld, kind: TokenKind, at = 0): MarketToken {
  const token = market.tokens.filter(({ spec }) => spec.kind === kind)[at];
  if (token === undefined) throw new Error(`expected a token of kind ${kind}`);
  return token;
}

/** What the production code reads of a pool, from the chain's own bytes. */
export function readPool({ chain }: Pick<PoolWorld, "chain">, ref: PoolRef): DirectPool {
  const bytes = new Map<string, Uint8Array>();
  for (const address of ref.watch) {
    const account = chain.accounts.current(address);
    if (account !== undefined) bytes.set(address, account.data);
  }
  const pool = decodePool(ref, bytes);
  if (isUnusable(pool)) throw new Error(pool.reason);
  return pool;
}

export interface Trader {
  wallet: Keypair;
  address: string;
  tokens: string;
  wrapped: string;
}

/** A wallet with both token accounts, so that a trade costs nothing but itself. */
export function createTrader(world: PoolWorld, token: MarketToken): Trader {
  const wallet = createWallet(world.chain, 1_000_000n * SOL);
  const address = wallet.publicKey.toBase58();
  const tokens = world.chain.createTokenAccount(address, token.mint);
  const wrapped = world.chain.createTokenAccount(address, NATIVE_MINT);
  world.chain.setTokenQuantity(wrapped, 1_000_000n * SOL);
  return { wallet, address, tokens, wrapped };
}

export interface Landed {
  err: ChainError | null;
  logs: string[];
  /** By how much the wallet's lamports, wrapped SOL and tokens changed, fee left out. */
  lamports: bigint;
  wrapped: bigint;
  tokens: bigint;
}

export function landTrade(
  { chain }: PoolWorld,
  trader: Trader,
  instructions: readonly RawInstruction[],
): Landed {
  const before = balances(chain, trader);
  const units = ComputeBudgetProgram.setComputeUnitLimit({ units: 400_000 });
  const wire = sign(chain, trader.wallet, [units, ...instructions.map(toWeb3)]);
  const signature = chain.submit(wire);
  for (let count = 0; count < SLOTS_TO_LAND && chain.isPending(signature); count += 1)
    tick(chain, 1);
  const record = chain.history.get(signature);
  if (record === undefined) throw new Error(`dropped: ${String(chain.dropReasonOf(signature))}`);
  const after = balances(chain, trader);
  return {
    err: record.err,
    logs: record.logs,
    lamports: after.lamports - before.lamports + record.fee,
    wrapped: after.wrapped - before.wrapped,
    tokens: after.tokens - before.tokens,
  };
}

/** What a trade's transaction holds beside its compute budget. */
export function withSetup(instruction: PoolInstruction): RawInstruction[] {
  return [instruction];
}

function balances(chain: Chain, { address, tokens, wrapped }: Trader) {
  return {
    lamports: chain.lamportsOf(address),
    wrapped: chain.tokenQuantityOf(wrapped) ?? 0n,
    tokens: chain.tokenQuantityOf(tokens) ?? 0n,
  };
}

export function toWeb3({ programId, accounts, data }: RawInstruction): TransactionInstruction {
  return new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
    data: Buffer.from(data),
  });
}

export function customCode(err: ChainError | null): number | undefined {
  const match = /"Custom":(\d+)/.exec(JSON.stringify(err));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

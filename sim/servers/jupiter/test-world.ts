import type { Keypair } from "@solana/web3.js";
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { Chain } from "../../models/chain.ts";
import { generateKeypair } from "../../models/market-tokens.ts";
import { Market, type MarketToken } from "../../models/market.ts";
import { createNamedPrng } from "../../models/prng.ts";
import {
  deriveTokenAccount,
  parseTokenDelegate,
  tokenProgramId,
} from "../../models/token-accounts.ts";
import { ShiftedClock } from "../real-clock.ts";
import { type JupiterServer, startJupiter } from "./server.ts";

/** The fields of a build answer that a client assembles a transaction from. */
export interface BuildAnswer {
  inAmount: string;
  outAmount: string;
  otherAmountThreshold: string;
  slippageBps: number;
  computeBudgetInstructions: InstructionAnswer[];
  setupInstructions: InstructionAnswer[];
  swapInstruction: InstructionAnswer;
  cleanupInstruction: InstructionAnswer | null;
  otherInstructions: InstructionAnswer[];
  addressesByLookupTableAddress: Record<string, string[]>;
  blockhashWithMetadata: { blockhash: number[]; lastValidBlockHeight: number };
}

export interface InstructionAnswer {
  programId: string;
  accounts: { pubkey: string; isSigner: boolean; isWritable: boolean }[];
  data: string;
}

const SLOT_MS = 10;
const SLOTS_TO_LAND_MAX = 20;

/** The stand-in over a real chain, with a still market and prices that only tests move. */
export class TestWorld {
  readonly clock: ShiftedClock;
  readonly chain: Chain;
  readonly market: Market;
  readonly faults: FaultPlan;
  readonly server: JupiterServer;

  private constructor(parts: Pick<TestWorld, "clock" | "chain" | "market" | "faults" | "server">) {
    this.clock = parts.clock;
    this.chain = parts.chain;
    this.market = parts.market;
    this.faults = parts.faults;
    this.server = parts.server;
  }

  static async start(seed = 7): Promise<TestWorld> {
    const clock = new ShiftedClock();
    const chain = new Chain({
      clock,
      prng: createNamedPrng(seed, "chain"),
      slotMs: SLOT_MS,
      skipChance: 0,
    });
    const market = new Market({ seed, clock });
    const faults = new FaultPlan(createNamedPrng(seed, "faults"));
    const server = await startJupiter({
      chain,
      market,
      clock,
      prng: createNamedPrng(seed, "jupiter"),
      faults,
      apiKeys: { desk: "pro", slow: "free" },
      makerShare: 0,
      ticking: false,
    });
    return new TestWorld({ clock, chain, market, faults, server });
  }

  close(): Promise<void> {
    this.chain.stop();
    return this.server.close();
  }

  token(kind: MarketToken["spec"]["kind"]): MarketToken {
    const found = this.market.tokens.find(({ spec }) => spec.kind === kind);
    if (found === undefined) throw new Error(`expected a token of kind ${kind}`);
    return found;
  }

  /** A funded wallet; the same label is the same wallet. */
  wallet(label: string, lamports = 10_000_000_000n): Keypair {
    const wallet = generateKeypair(this.market.seed, `wallet:${label}`);
    this.chain.setLamports(wallet.publicKey.toBase58(), lamports);
    return wallet;
  }

  async get(path: string, apiKey: string | null = "desk"): Promise<Response> {
    return fetch(`${this.server.url}${path}`, {
      headers: apiKey === null ? {} : { "x-api-key": apiKey },
    });
  }

  async post(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.server.url}${path}`, {
      method: "POST",
      headers: { "x-api-key": "desk" },
      body: JSON.stringify(body),
    });
  }

  async build(query: Record<string, string>): Promise<BuildAnswer> {
    const response = await this.get(`/swap/v2/build?${new URLSearchParams(query)}`);
    if (response.status !== 200) throw new Error(`build answered ${await response.text()}`);
    return (await response.json()) as BuildAnswer;
  }

  /** Compiles an answer as a trusting client would: everything it names, in its order. */
  sign(answer: BuildAnswer, wallet: Keypair): Uint8Array {
    const tables = Object.entries(answer.addressesByLookupTableAddress);
    const message = new TransactionMessage({
      payerKey: wallet.publicKey,
      recentBlockhash: new PublicKey(
        Uint8Array.from(answer.blockhashWithMetadata.blockhash),
      ).toBase58(),
      instructions: [
        ComputeBudgetProgram.setComputeUnitLimit({ units: 300_000 }),
        ...[
          ...answer.computeBudgetInstructions,
          ...answer.setupInstructions,
          answer.swapInstruction,
          ...answer.otherInstructions,
          ...(answer.cleanupInstruction === null ? [] : [answer.cleanupInstruction]),
        ].map(parseInstruction),
      ],
    }).compileToV0Message(tables.map(([address, addresses]) => parseTable(address, addresses)));
    const transaction = new VersionedTransaction(message);
    transaction.sign([wallet]);
    return transaction.serialize();
  }

  /** Hands the transaction in and lets slots pass until it is in a block. */
  land(wire: Uint8Array) {
    const signature = this.chain.submit(wire);
    for (let count = 0; count < SLOTS_TO_LAND_MAX; count += 1) {
      const record = this.chain.history.get(signature);
      if (record !== undefined) return record;
      this.chain.tick();
    }
    throw new Error("expected the transaction to land within twenty slots");
  }

  quantityOf(owner: PublicKey, token: MarketToken): bigint {
    const program = tokenProgramId(token.spec.tokenProgram);
    const account = deriveTokenAccount(owner.toBase58(), token.mint, program);
    return this.chain.tokenQuantityOf(account) ?? 0n;
  }

  delegateOf(owner: PublicKey, token: MarketToken): string | null {
    const program = tokenProgramId(token.spec.tokenProgram);
    const account = deriveTokenAccount(owner.toBase58(), token.mint, program);
    return parseTokenDelegate(this.chain.accounts.current(account));
  }
}

export function parseInstruction(answer: InstructionAnswer): TransactionInstruction {
  return new TransactionInstruction({
    programId: new PublicKey(answer.programId),
    keys: answer.accounts.map((meta) => ({ ...meta, pubkey: new PublicKey(meta.pubkey) })),
    data: Buffer.from(answer.data, "base64"),
  });
}

function parseTable(address: string, addresses: string[]): AddressLookupTableAccount {
  return new AddressLookupTableAccount({
    key: new PublicKey(address),
    state: {
      deactivationSlot: 0xffff_ffff_ffff_ffffn,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: addresses.map((text) => new PublicKey(text)),
    },
  });
}

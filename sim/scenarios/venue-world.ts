import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import type { PreparedAttempt, Venue } from "@raptor/executor/ports/venue.ts";
import { createNodeNet } from "@raptor/executor/server/node-net.ts";
import { createSignerCore } from "@raptor/executor/signer/core.ts";
import { parseMasterKeys } from "@raptor/executor/signer/master-keys.ts";
import { createSolanaVenue } from "@raptor/executor/venues/solana/adapter.ts";
import {
  type LandingSettings,
  QUIET_LANDING,
} from "@raptor/executor/venues/solana/landing-desk.ts";
import { createJupiter, type Jupiter } from "@raptor/executor/venues/solana/jupiter.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import { Chain } from "../models/chain.ts";
import type { MarketOnChain } from "../models/market-on-chain.ts";
import { Market, type MarketToken } from "../models/market.ts";
import { createNamedPrng } from "../models/prng.ts";
import {
  deriveTokenAccount,
  parseTokenDelegate,
  tokenProgramId,
} from "../models/token-accounts.ts";
import { type JupiterServer, startJupiter } from "../servers/jupiter/server.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { type Solana, startSolana } from "../servers/solana/solana-server.ts";

export interface LogLine {
  level: string;
  message: string;
  fields: Readonly<Record<string, unknown>>;
}

const SLOT_MS = 20;
const TIMEOUT_MS = 30_000;
const FUNDS_LAMPORTS = 10_000_000_000n;
/** Far more than any end takes, because a busy machine makes few blocks in many polls. */
const POLLS_MAX = 4_000;

const quietLanding = async (): Promise<LandingSettings> => QUIET_LANDING;

/** The real venue adapter and signer against the stand-ins, over real sockets. */
export class VenueWorld {
  readonly clock = new ShiftedClock();
  readonly log: LogLine[] = [];
  readonly chain: Chain;
  readonly market: Market;
  readonly faults: { nodes: [FaultPlan, FaultPlan]; jupiter: FaultPlan };
  readonly #net = createNodeNet();
  readonly #signer = createSignerCore({
    masterKeys: parseMasterKeys(`k1:${Buffer.from(SEED_KEY, "hex").toString("base64")}`),
  });
  #solana: Solana | undefined;
  #server: JupiterServer | undefined;
  #parts: { venue: Venue; jupiter: Jupiter } | undefined;
  #walletCount = 0;

  constructor(seed: number) {
    const { clock } = this;
    this.chain = new Chain({ clock, prng: createNamedPrng(seed, "chain"), slotMs: SLOT_MS });
    this.market = new Market({ seed, clock });
    this.faults = {
      nodes: [
        new FaultPlan(createNamedPrng(seed, "faults-0")),
        new FaultPlan(createNamedPrng(seed, "faults-1")),
      ],
      jupiter: new FaultPlan(createNamedPrng(seed, "faults-jupiter")),
    };
  }

  /** `landingOf` may start lanes of its own; by default there is plain RPC alone. */
  async start(landingOf: () => Promise<LandingSettings> = quietLanding): Promise<void> {
    const { clock, chain, market, faults } = this;
    const prng = createNamedPrng(market.seed, "servers");
    this.#server = await startJupiter({
      chain,
      market,
      clock,
      prng,
      faults: faults.jupiter,
      apiKeys: { desk: "pro" },
      ticking: false,
    });
    const nodes = [{ lagSlots: 0 }, { lagSlots: 3 }];
    this.#solana = await startSolana({ chain, clock, prng, nodes, faults: faults.nodes });
    chain.start();
    const log = this.#createLog();
    const landing = await landingOf();
    const net = this.#net;
    const jupiter = createJupiter({
      net,
      clock,
      settings: { url: this.#server.url, apiKey: new Secret("desk"), timeoutMs: TIMEOUT_MS },
    });
    const venue = createSolanaVenue({
      net,
      clock,
      prng: createNamedPrng(market.seed, "venue"),
      log,
      jupiter,
      signer: {
        sign: async (request) => this.#signer.sign(request),
        createWallet: async (walletId, userId) => this.#signer.createWallet(walletId, userId),
        checkWallet: async (wallet) => this.#signer.checkWallet(wallet),
      },
      settings: {
        providers: this.#solana.rpcs.map(({ http, ws }) => ({ url: http, wsUrl: ws })),
        httpTimeoutMs: TIMEOUT_MS,
        priorityFeeLamportsMax: 2_000_000n,
        transferFeeBpsMax: 100,
        landing,
      },
    });
    this.#parts = { venue, jupiter };
    await venue.start();
  }

  async close(): Promise<void> {
    await this.#parts?.venue.stop();
    this.chain.stop();
    await this.#solana?.close();
    await this.#server?.close();
    this.#net.close();
  }

  get venue(): Venue {
    if (this.#parts === undefined) throw new Error("expected a started world");
    return this.#parts.venue;
  }

  get jupiter(): Jupiter {
    if (this.#parts === undefined) throw new Error("expected a started world");
    return this.#parts.jupiter;
  }

  get onChain(): MarketOnChain {
    if (this.#server === undefined) throw new Error("expected a started world");
    return this.#server.onChain;
  }

  token(kind: MarketToken["spec"]["kind"]): MarketToken {
    const found = this.market.tokens.find(({ spec }) => spec.kind === kind);
    if (found === undefined) throw new Error(`expected a token of kind ${kind}`);
    return found;
  }

  /** A new wallet whose 10 SOL are confirmed; its key is known to the signer alone. */
  async createWallet(): Promise<{ wallet: WalletRow; wrapped: string }> {
    const walletId = `w${++this.#walletCount}`;
    const created = this.#signer.createWallet(walletId, 7);
    this.chain.setLamports(created.address, FUNDS_LAMPORTS);
    const { address, vaultSha256 } = created;
    while ((await this.venue.fetchWallet(address)).lamports === 0n) {
      await this.clock.sleep(SLOT_MS);
    }
    return { wallet: { walletId, userId: 7, address, vaultSha256 }, wrapped: created.wrapped };
  }

  quantityOf(owner: string, token: MarketToken): bigint {
    const program = tokenProgramId(token.spec.tokenProgram);
    return this.chain.tokenQuantityOf(deriveTokenAccount(owner, token.mint, program)) ?? 0n;
  }

  delegateOf(owner: string, token: MarketToken): string | null {
    const program = tokenProgramId(token.spec.tokenProgram);
    const account = deriveTokenAccount(owner, token.mint, program);
    return parseTokenDelegate(this.chain.accounts.current(account));
  }

  /** Makes the next swap answer of the route service malicious. */
  async addMalice(kind: string): Promise<void> {
    await fetch(`${this.#server?.url ?? ""}/world/malice`, {
      method: "POST",
      body: JSON.stringify({ kind }),
    });
  }

  /** Asks until the attempt has an end. */
  async follow(attempt: AttemptRow): Promise<Awaited<ReturnType<Venue["fetchAttempt"]>>> {
    for (let n = 0; n < POLLS_MAX; n++) {
      const report = await this.venue.fetchAttempt(attempt);
      if (report.state !== "pending" && report.state !== "seen") return report;
      await this.clock.sleep(SLOT_MS);
    }
    throw new Error("expected the attempt to come to an end");
  }

  #createLog(): Log {
    const at = (level: string) => (fields: LogLine["fields"], message: string) => {
      this.log.push({ level, message, fields });
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}

/** A key of this test world; a real one never stands in a file. */
const SEED_KEY = "9f3c71e85a0b44d2c6179be3507aa8d1f2643c0e95b7da18be4f6072c38d15ea";

export function createOrder(
  wallet: WalletRow,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
): OrderRow {
  return {
    orderId: `o-${side}`,
    userId: wallet.userId,
    walletId: wallet.walletId,
    venue: "SOLANA",
    instrument: `${token.mint}.SOLANA`,
    symbol: token.spec.symbol,
    decimals: token.spec.decimals,
    tokenProgram: tokenProgramId(token.spec.tokenProgram),
    side,
    source: { kind: "job", jobId: "j1" },
    status: "initialized",
    reason: null,
    notionalLamports: side === "buy" ? String(quantityIn) : "0",
    quantity: side === "sell" ? String(quantityIn) : "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: "n1",
    createdMs: 0,
  };
}

/** The row that the journal would hold of a prepared attempt. */
export function createAttempt(
  order: OrderRow,
  prepared: PreparedAttempt,
  preparedMs: number,
): AttemptRow {
  return {
    attemptId: `${order.orderId}:1`,
    orderId: order.orderId,
    n: 1,
    venue: "SOLANA",
    identity: prepared.identity,
    payload: prepared.payload,
    bound: prepared.bound,
    exclusionGroup: prepared.exclusionGroup,
    slot: "slot",
    state: "prepared",
    costCapLamports: String(prepared.costCapLamports),
    quantityOutMin: String(prepared.quantityOutMin),
    route: prepared.route,
    witness: {
      lamports: String(prepared.witness.lamports),
      quantity: String(prepared.witness.quantity),
    },
    cause: null,
    evidence: null,
    epoch: 1,
    voids: null,
    preparedMs,
    submittedMs: null,
  };
}

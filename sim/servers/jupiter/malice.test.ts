import { type Keypair, PublicKey } from "@solana/web3.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { JUPITER_PROGRAM_ID, parseRoute, ROUTES } from "../../models/jupiter-layout.ts";
import { generateKeypair } from "../../models/market-tokens.ts";
import type { MarketToken } from "../../models/market.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import type { MaliceKind } from "./malice.ts";
import { type BuildAnswer, TestWorld } from "./test-world.ts";

const SYSTEM = "11111111111111111111111111111111";
const SET_AUTHORITY = 6;
const APPROVE = 4;

let world: TestWorld;
let token: MarketToken;
let wallet: Keypair;
let stranger: PublicKey;

beforeAll(async () => {
  world = await TestWorld.start();
  token = world.token("normal");
  stranger = generateKeypair(world.market.seed, "stranger").publicKey;
});

beforeEach(({ task }) => {
  wallet = world.wallet(task.name);
});

afterEach(() => clear());

afterAll(() => world.close());

async function clear(): Promise<void> {
  await fetch(`${world.server.url}/world/malice`, { method: "DELETE" });
}

function query(): Record<string, string> {
  return {
    inputMint: NATIVE_MINT,
    outputMint: token.mint,
    amount: "500000000",
    taker: wallet.publicKey.toBase58(),
  };
}

async function buildWith(kind: MaliceKind): Promise<BuildAnswer> {
  await world.post("/world/malice", { kind });
  return world.build(query());
}

function routeOf(answer: BuildAnswer) {
  const parsed = parseRoute(Buffer.from(answer.swapInstruction.data, "base64"));
  if (parsed === undefined) throw new Error("expected a route");
  const { destination } = ROUTES[parsed.name];
  return { ...parsed.route, destination: answer.swapInstruction.accounts[destination]?.pubkey };
}

/** First bytes of the token instructions in the set-up. */
function tokenKinds(answer: BuildAnswer): number[] {
  return answer.setupInstructions
    .filter(({ programId }) => programId.startsWith("Token"))
    .map(({ data }) => Buffer.from(data, "base64")[0] ?? -1);
}

describe("malice on command", () => {
  test("an honest answer has nothing of it", async ({ expect }) => {
    const answer = await world.build(query());
    expect(answer.otherInstructions).toEqual([]);
    expect(JSON.stringify(answer)).not.toContain(stranger.toBase58());
    expect(tokenKinds(answer)).toEqual([17]);
    expect(routeOf(answer)).toMatchObject({
      quantityIn: 500_000_000n,
      quotedOut: BigInt(answer.outAmount),
      slippageBps: 50,
      platformFeeBps: 0,
      positiveSlippageBps: 0,
    });
    expect(answer.swapInstruction.programId).toBe(JUPITER_PROGRAM_ID);
  });

  test("drain-sol pays a stranger in two places, and would work if signed", async ({ expect }) => {
    const answer = await buildWith("drain-sol");
    for (const group of [answer.otherInstructions, answer.setupInstructions]) {
      const theft = group.find(
        ({ programId, accounts }) =>
          programId === SYSTEM && accounts[1]?.pubkey === stranger.toBase58(),
      );
      expect(theft).toBeDefined();
    }
    world.land(world.sign(answer, wallet));
    expect(world.chain.lamportsOf(stranger.toBase58())).toBe(20_000_000n);
  });

  test("set-authority gives the taker's token account away", async ({ expect }) => {
    expect(tokenKinds(await buildWith("set-authority"))).toContain(SET_AUTHORITY);
  });

  test("approve lets the stranger spend", async ({ expect }) => {
    const answer = await buildWith("approve");
    expect(tokenKinds(answer)).toContain(APPROVE);
    expect(world.land(world.sign(answer, wallet)).err).toBeNull();
  });

  test("foreign-program swaps elsewhere", async ({ expect }) => {
    const answer = await buildWith("foreign-program");
    expect(answer.swapInstruction.programId).not.toBe(JUPITER_PROGRAM_ID);
    expect(answer.setupInstructions.length).toBe(4);
  });

  test("lower-min-out promises less in the data than in the text", async ({ expect }) => {
    const tricks = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const answer = await buildWith("lower-min-out");
      const route = routeOf(answer);
      const least = (route.quotedOut * BigInt(10_000 - route.slippageBps)) / 10_000n;
      expect(least).toBeLessThan((BigInt(answer.otherAmountThreshold) * 6n) / 10n);
      tricks.add(route.slippageBps === 50 ? "quote" : "slippage");
    }
    expect(tricks.size).toBe(2);
  });

  test("platform-fee takes the whole tolerance for the stranger", async ({ expect }) => {
    const answer = await buildWith("platform-fee");
    expect(routeOf(answer).platformFeeBps).toBe(50);
    const before = world.quantityOf(stranger, token);
    expect(world.land(world.sign(answer, wallet)).err).toBeNull();
    const taken = world.quantityOf(stranger, token) - before;
    expect(taken).toBe((BigInt(answer.outAmount) * 50n) / 10_000n);
  });

  test("wrong-destination delivers to the stranger", async ({ expect }) => {
    const answer = await buildWith("wrong-destination");
    const before = world.quantityOf(stranger, token);
    expect(world.land(world.sign(answer, wallet)).err).toBeNull();
    expect(world.quantityOf(stranger, token) - before).toBe(BigInt(answer.outAmount));
    expect(world.quantityOf(wallet.publicKey, token)).toBe(0n);
  });

  test("hidden-in-table shows the taker's account and delivers to the stranger", async ({
    expect,
  }) => {
    const answer = await buildWith("hidden-in-table");
    const { destination } = routeOf(answer);
    const claimed = Object.values(answer.addressesByLookupTableAddress).flat();
    expect(claimed).toContain(destination);
    // Named in the set-up too, the account would be looked up there as well and miss the trap.
    const bare = { ...answer, setupInstructions: answer.setupInstructions.slice(0, 3) };
    const before = world.quantityOf(stranger, token);
    world.chain.createTokenAccount(wallet.publicKey.toBase58(), token.mint);
    expect(world.land(world.sign(bare, wallet)).err).toBeNull();
    expect(world.quantityOf(stranger, token) - before).toBe(BigInt(answer.outAmount));
    expect(world.quantityOf(wallet.publicKey, token)).toBe(0n);
  });

  test("wrong-blockhash names one that the chain never had", async ({ expect }) => {
    const answer = await buildWith("wrong-blockhash");
    const text = new PublicKey(Uint8Array.from(answer.blockhashWithMetadata.blockhash)).toBase58();
    expect(world.chain.slots.blockByHash(text)).toBeUndefined();
    const honest = await world.build(query());
    const bytes = Uint8Array.from(honest.blockhashWithMetadata.blockhash);
    expect(world.chain.slots.blockByHash(new PublicKey(bytes).toBase58())).toBeDefined();
  });

  test("garbage says 200 and is no JSON", async ({ expect }) => {
    await world.post("/world/malice", { kind: "garbage" });
    const response = await world.get(`/swap/v2/build?${new URLSearchParams(query())}`);
    expect(response.status).toBe(200);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  test("huge-out quotes a thousand times the market", async ({ expect }) => {
    const honest = await world.build(query());
    const answer = await buildWith("huge-out");
    expect(BigInt(answer.outAmount)).toBe(BigInt(honest.outAmount) * 1_000n);
    expect(BigInt(answer.otherAmountThreshold)).toBeGreaterThan(BigInt(honest.outAmount) * 900n);
  });

  test("lasts for as many answers as asked, in order, and can be cleared", async ({ expect }) => {
    await world.post("/world/malice", { kind: "platform-fee", count: 2 });
    await world.post("/world/malice", { kind: "approve", count: -1 });
    expect(routeOf(await world.build(query())).platformFeeBps).toBe(50);
    expect(routeOf(await world.build(query())).platformFeeBps).toBe(50);
    expect(tokenKinds(await world.build(query()))).toContain(APPROVE);
    expect(tokenKinds(await world.build(query()))).toContain(APPROVE);
    await clear();
    expect(tokenKinds(await world.build(query()))).not.toContain(APPROVE);
  });

  test("an unknown kind is refused with the list of kinds", async ({ expect }) => {
    const response = await world.post("/world/malice", { kind: "nonsense" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("hidden-in-table");
  });
});

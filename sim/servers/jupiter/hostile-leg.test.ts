import type { Keypair, PublicKey } from "@solana/web3.js";
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { hostileSwitch, STOLEN_LAMPORTS } from "../../models/hostile-legs.ts";
import { generateKeypair } from "../../models/market-tokens.ts";
import type { MarketToken } from "../../models/market.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import type { HostileLeg } from "./hostile-leg.ts";
import { type BuildAnswer, TestWorld } from "./test-world.ts";

/** What would happen to somebody who signs whatever the service answers. */
let world: TestWorld;
let token: MarketToken;
let wallet: Keypair;
let stranger: PublicKey;
let tripwire: string;

beforeAll(async () => {
  world = await TestWorld.start();
  token = world.token("normal");
  stranger = generateKeypair(world.market.seed, "stranger").publicKey;
  tripwire = hostileSwitch(world.market.seed).toBase58();
});

beforeEach(({ task }) => {
  wallet = world.wallet(task.name);
  world.chain.setLamports(tripwire, 0n);
});

afterAll(() => world.close());

async function build(kind: HostileLeg, sold?: bigint): Promise<BuildAnswer> {
  await world.post("/world/malice", { kind });
  const [inputMint, outputMint] =
    sold === undefined ? [NATIVE_MINT, token.mint] : [token.mint, NATIVE_MINT];
  const amount = String(sold ?? 500_000_000n);
  return world.build({ inputMint, outputMint, amount, taker: wallet.publicKey.toBase58() });
}

function land(answer: BuildAnswer): void {
  const { err } = world.land(world.sign(answer, wallet));
  if (err !== null) throw new Error(JSON.stringify(err));
}

describe("a leg through a thief's program", () => {
  test("takes SOL when it is given the system program", async ({ expect }) => {
    const before = world.chain.lamportsOf(stranger.toBase58());
    land(await build("leg-system-program"));
    expect(world.chain.lamportsOf(stranger.toBase58()) - before).toBe(STOLEN_LAMPORTS);
  });

  test("empties the taker's account of another token", async ({ expect }) => {
    const other = world.token("young");
    world.chain.mintTo(other.mint, wallet.publicKey.toBase58(), 777n);
    const before = world.quantityOf(stranger, other);
    land(await build("leg-other-account"));
    expect(world.quantityOf(wallet.publicKey, other)).toBe(0n);
    expect(world.quantityOf(stranger, other) - before).toBe(777n);
  });

  test("lets a stranger spend what was bought", async ({ expect }) => {
    land(await build("leg-approve"));
    expect(world.delegateOf(wallet.publicKey, token)).toBe(stranger.toBase58());
  });

  test("lets a stranger spend only once the switch is on", async ({ expect }) => {
    land(await build("leg-approve-later"));
    expect(world.delegateOf(wallet.publicKey, token)).toBeNull();
    world.chain.setLamports(tripwire, 1_000_000_000n);
    land(await build("leg-approve-later"));
    expect(world.delegateOf(wallet.publicKey, token)).toBe(stranger.toBase58());
  });

  test("spends all of the source once the switch is on", async ({ expect }) => {
    world.chain.mintTo(token.mint, wallet.publicKey.toBase58(), 3_000_000_000n);
    const before = world.quantityOf(stranger, token);
    land(await build("leg-overspend-later", 1_000_000_000n));
    expect(world.quantityOf(wallet.publicKey, token)).toBe(2_000_000_000n);
    world.chain.setLamports(tripwire, 1_000_000_000n);
    land(await build("leg-overspend-later", 1_000_000_000n));
    expect(world.quantityOf(wallet.publicKey, token)).toBe(0n);
    expect(world.quantityOf(stranger, token) - before).toBe(1_000_000_000n);
  });

  test("can do nothing when the signature is not handed on", async ({ expect }) => {
    const answer = await build("leg-approve");
    const taker = wallet.publicKey.toBase58();
    const { accounts } = answer.swapInstruction;
    const kept = accounts.filter(({ pubkey }, at) => at === 0 || pubkey !== taker);
    expect(kept.length).toBe(accounts.length - 1);
    land({ ...answer, swapInstruction: { ...answer.swapInstruction, accounts: kept } });
    expect(world.delegateOf(wallet.publicKey, token)).toBeNull();
  });
});

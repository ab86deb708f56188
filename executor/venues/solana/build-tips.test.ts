import { SystemInstruction, SystemProgram, VersionedTransaction } from "@solana/web3.js";
import { TransactionInstruction } from "@solana/web3.js";
import { describe, test } from "vitest";
import { parseLanding } from "./attempt-route.ts";
import { AFTER, prepare, preparedOf, type World } from "./fake-swap-world.ts";
import { buildAnswer } from "./jupiter-answers.ts";
import { createBuildBody, STRANGER } from "./jupiter-fixture.ts";
import { TIP_ACCOUNTS } from "./tip-accounts.ts";

const TIPS = 15_000;
const LANDING: World["landing"] = {
  services: [
    { taker: "jito", tipLamports: 10_000n },
    { taker: "helius", tipLamports: 5_000n },
  ],
  mevProtect: "off",
  plainAfterSlots: 25,
};
const TIPPED: Partial<World> = {
  landing: LANDING,
  after: { ...AFTER, wallet: AFTER.wallet - TIPS },
};

/** Every transfer of SOL in a transaction whose accounts are all spelled out, in order. */
function transfersOf(payload: string): { to: string; lamports: number }[] {
  const { message } = VersionedTransaction.deserialize(Buffer.from(payload, "base64"));
  const keys = message.staticAccountKeys;
  return message.compiledInstructions.flatMap((item) => {
    const programId = keys[item.programIdIndex];
    if (programId?.equals(SystemProgram.programId) !== true) return [];
    const accounts = item.accountKeyIndexes.map((at) => {
      const pubkey = keys[at];
      if (pubkey === undefined) throw new Error("expected a static key");
      return { pubkey, isSigner: false, isWritable: true };
    });
    const data = Buffer.from(item.data);
    const instruction = new TransactionInstruction({ programId, keys: accounts, data });
    const { toPubkey, lamports } = SystemInstruction.decodeTransfer(instruction);
    return [{ to: toPubkey.toBase58(), lamports: Number(lamports) }];
  });
}

describe("the tips of a swap", () => {
  test("stand inside it, in its cost cap, its intent and its journaled route", async ({
    expect,
  }) => {
    const { outcome, requests } = await prepare(TIPPED);
    const attempt = preparedOf(outcome);
    const [, jito, helius] = transfersOf(attempt.payload);
    expect(TIP_ACCOUNTS.jito).toContain(jito?.to);
    expect(TIP_ACCOUNTS.helius).toContain(helius?.to);
    expect([jito?.lamports, helius?.lamports]).toEqual([10_000, 5_000]);
    expect(requests[0]?.intent).toMatchObject({
      tipLamportsMax: "15000",
      feeLamportsMax: "990000",
    });
    const { tips, isProtected } = parseLanding(attempt);
    expect(isProtected).toBe(false);
    expect(tips.map(({ account }) => account)).toEqual([jito?.to, helius?.to]);
    expect(attempt.route["tipLamports"]).toBe("15000");
    const bare = preparedOf((await prepare()).outcome);
    expect(attempt.costCapLamports - bare.costCapLamports).toBe(BigInt(TIPS));
  });

  test("are no attack in the simulation, and anything beyond them still is", async ({ expect }) => {
    expect((await prepare(TIPPED)).outcome.outcome).toBe("prepared");
    const more = { ...AFTER, wallet: AFTER.wallet - TIPS - 1 };
    expect((await prepare({ ...TIPPED, after: more })).outcome).toMatchObject({
      outcome: "refused",
      alert: true,
    });
  });

  test("are spelled out even when a lookup table holds their accounts", async ({ expect }) => {
    const held = [...TIP_ACCOUNTS.jito, STRANGER];
    const body = createBuildBody() as { swapInstruction: { accounts: object[] } };
    body.swapInstruction.accounts.push({ pubkey: STRANGER, isSigner: false, isWritable: true });
    const [table] = Object.keys(buildAnswer.parse(body).addressesByLookupTableAddress ?? {});
    const answer = buildAnswer.parse({
      ...body,
      addressesByLookupTableAddress: { [table ?? ""]: held },
    });
    const { outcome } = await prepare({ ...TIPPED, answer, table: held });
    expect(transfersOf(preparedOf(outcome).payload)).toHaveLength(3);
  });

  test("leave less for the priority fee, never more than the cap together", async ({ expect }) => {
    const priorityFeeLamportsMax = 31_000n;
    const { outcome } = await prepare({
      ...TIPPED,
      priorityFeeLamportsMax,
      estimate: { result: { priorityFeeEstimate: 900_000_000 } },
    });
    const { unitLimit, unitPriceMicroLamports } = preparedOf(outcome).route;
    const fee = (BigInt(Number(unitLimit)) * BigInt(String(unitPriceMicroLamports))) / 1_000_000n;
    expect(fee).toBeLessThanOrEqual(16_000n);
    expect(fee).toBeGreaterThan(15_900n);
  });

  test("are dropped where the transaction has no room for them, and that is shown", async ({
    expect,
  }) => {
    const { outcome } = await prepare({ ...TIPPED, after: AFTER, answer: longAnswer() });
    const attempt = preparedOf(outcome);
    expect(parseLanding(attempt).tips).toEqual([]);
    expect(attempt.route["lanesLeftOut"]).toEqual([
      { lane: "jito", reason: "the transaction has no room for its tip" },
      { lane: "helius", reason: "the transaction has no room for its tip" },
    ]);
  });
});

describe("a protected buy", () => {
  const wanted: World["landing"] = { ...LANDING, mevProtect: "all" };

  test("is refused before anything is asked when no lane keeps it", async ({ expect }) => {
    const { outcome, requests } = await prepare({ landing: { ...wanted, services: [] } });
    expect(outcome).toMatchObject({ outcome: "refused", alert: false });
    expect(JSON.stringify(outcome)).toContain("nothing was sent");
    expect(requests).toEqual([]);
  });

  test("is refused where its transaction has no room for the tip", async ({ expect }) => {
    const { outcome, requests } = await prepare({
      ...TIPPED,
      landing: wanted,
      answer: longAnswer(),
    });
    expect(outcome.outcome).toBe("refused");
    expect(requests).toEqual([]);
  });

  test("says in its journaled route that it is protected", async ({ expect }) => {
    const attempt = preparedOf((await prepare({ ...TIPPED, landing: wanted })).outcome);
    expect(parseLanding(attempt).isProtected).toBe(true);
  });
});

/** Fits into a packet by itself, and not with two more accounts and instructions. */
function longAnswer() {
  const body = createBuildBody() as { swapInstruction: { data: string } };
  const data = Buffer.from(body.swapInstruction.data, "base64");
  const longer = Buffer.concat([data, Buffer.alloc(LONG_BYTES)]);
  const swapInstruction = { ...body.swapInstruction, data: longer.toString("base64") };
  return buildAnswer.parse({ ...body, swapInstruction });
}

const LONG_BYTES = 655;

test("a swap is protected as its person has chosen, whatever the desk's settings say", async ({
  expect,
}) => {
  const landingOf = async (protect: World["protect"], mevProtect: "off" | "all") => {
    const { outcome } = await prepare({ ...TIPPED, landing: { ...LANDING, mevProtect }, protect });
    return parseLanding(preparedOf(outcome)).isProtected;
  };
  expect(await landingOf("entries", "off")).toBe(true);
  expect(await landingOf("off", "all")).toBe(false);
  expect(await landingOf(undefined, "all")).toBe(true);
  const { outcome } = await prepare({ protect: "all" });
  expect(outcome).toMatchObject({ outcome: "refused", alert: false });
});

/** Landing by several lanes, with real processes: lies, limits, silence, protection, no fees. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WorldOptions } from "../local/start-world.ts";
import type { LaneCounts } from "../models/lane-gate.ts";
import { LANE_TIP_ACCOUNTS } from "../models/lane-tip-accounts.ts";
import { ChatMark, pressCard } from "./chat-mark.ts";
import type { Person } from "./person.ts";
import {
  breakDown,
  executorMetrics,
  faultHits,
  health,
  repair,
  setPrice,
  until,
} from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const TIPS = { jito: 10_000n, helius: 5_000n, jupiter: 1_000_000n };
const QUIET = { lossShare: 0, delayMs: [0, 20] } as const;
const SHARED = { DUPLICATE_BUY_GUARD_HOURS: "0", PRIORITY_FEE_LAMPORTS_MAX: "4000000" };

interface Desk {
  world: ScenarioWorld;
  alice: Person;
  address: string;
}

async function startDesk(
  executorEnv: Record<string, string>,
  options: Pick<WorldOptions, "onStandIns"> = {},
): Promise<Desk> {
  const world = await ScenarioWorld.start({
    ...options,
    // Long enough that a busy machine lands what it sends before its blockhash ends.
    slotMs: 100,
    laneConduct: QUIET,
    executorEnv: { ...SHARED, SEND_LANES: "jito,helius,jupiter", ...executorEnv },
  });
  const alice = world.alice;
  return { world, alice, address: await alice.begin() };
}

function laneUrls({ world }: Desk): Record<keyof typeof TIPS, string> {
  const { jito, heliusSender, jupiterSend } = world.file;
  return { jito, helius: new URL(heliusSender).origin, jupiter: jupiterSend };
}

async function countsOf(desk: Desk, lane: keyof typeof TIPS): Promise<LaneCounts> {
  return (await (await fetch(`${laneUrls(desk)[lane]}/world/lane`)).json()) as LaneCounts;
}

function attemptsOf({ world }: Desk, side: "buy" | "sell", mint: string) {
  return world
    .eventsOf("AttemptPrepared")
    .map(({ payload }) => payload as { identity: string; route: Record<string, unknown> })
    .filter(({ route }) => route["side"] === side && route["mint"] === mint);
}

function fillsOf({ world }: Desk, mint: string): Record<string, unknown>[] {
  return world
    .eventsOf("FillRecorded")
    .map(({ payload }) => payload)
    .filter(({ instrument }) => instrument === `${mint}.SOLANA`);
}

/** Until the receipt for this token; earlier ones stand in the same chat. */
async function buy(desk: Desk, mint: string): Promise<void> {
  await pressCard(desk.alice, mint);
  await until(() => fillsOf(desk, mint).length === 1);
}

async function eachNode({ world }: Desk, act: (url: string) => Promise<void>): Promise<void> {
  for (const { http } of world.file.rpcs) await act(http);
}

describe("all lanes, while nobody knows what others pay", () => {
  let desk: Desk;
  let mint: string;
  /** Takes every question and answers none. */
  let hole: Server;

  beforeAll(async () => {
    hole = createServer(() => undefined);
    await new Promise<void>((resolve) => hole.listen(0, "127.0.0.1", resolve));
    const { port } = hole.address() as AddressInfo;
    const fault = { on: "getRecentPrioritizationFees", kind: "error", status: 500 };
    const broken: Promise<void>[] = [];
    desk = await startDesk(
      { FEE_ESTIMATE_URL: `http://127.0.0.1:${port}/`, FEE_POLL_MS: "200" },
      {
        onStandIns: ({ rpcs }) =>
          void broken.push(...rpcs.map(({ http }) => breakDown(http, fault))),
      },
    );
    await Promise.all(broken);
    mint = desk.world.mint();
  });

  afterAll(async () => {
    await desk.world.close();
    hole.closeAllConnections();
    hole.close();
  });

  test("one transaction goes to all of them, lands once, and its tips are booked as a cost", async () => {
    const before = await desk.world.chainLamports(desk.address);
    await buy(desk, mint);
    const [attempt] = attemptsOf(desk, "buy", mint);
    if (attempt === undefined) throw new Error("expected an attempt");
    for (const [lane, lamports] of Object.entries(TIPS)) {
      // Another lane may have landed it before this one had read it.
      await until(async () => {
        const { signatures } = await countsOf(desk, lane as keyof typeof TIPS);
        return signatures.includes(attempt.identity);
      });
      const { tips } = attempt.route["landing"] as { tips: Record<string, string>[] };
      const tip = tips.find(({ taker }) => taker === lane);
      expect(tip?.["lamports"]).toBe(String(lamports));
      const accounts: readonly string[] = LANE_TIP_ACCOUNTS[lane as keyof typeof TIPS];
      expect(accounts).toContain(tip?.["account"]);
    }
    expect(await desk.world.chainTransactions(desk.address, mint)).toEqual([attempt.identity]);
    const [fill] = fillsOf(desk, mint);
    const sum = TIPS.jito + TIPS.helius + TIPS.jupiter;
    expect(BigInt(String(fill?.["feeLamports"]))).toBeGreaterThanOrEqual(sum + 5_000n);
    expect(fill?.["notionalLamports"]).toBe("100000000");
    const nonces = desk.world.eventsOf("NonceAccountsCreated").length;
    expect(nonces).toBe(1);
    const spent = before - (await desk.world.chainLamports(desk.address));
    const known = ["notionalLamports", "feeLamports", "rentLamports"]
      .map((name) => BigInt(String(fill?.[name])))
      .reduce((a, b) => a + b, 0n);
    // What is left is the nonce account that the first buy sets up, and that one's fee.
    expect(spent - known).toBeGreaterThanOrEqual(1_447_680n);
    expect(spent - known).toBeLessThan(1_447_680n + 1_100_000n);
  });

  test("what each lane did stands in the health report and in the metrics", async () => {
    const { dependencies } = await health(desk.world.file);
    const lanes = Object.entries(dependencies).filter(([name]) => name.startsWith("lane "));
    expect(lanes).toHaveLength(5);
    for (const [, { detail }] of lanes) expect(detail).toMatch(/\d+ sent, \d+ accepted, 1 landed/);
    expect(dependencies["fees"]?.detail).toContain("no fresh figure");
    const series = [...(await executorMetrics(desk.world.file))];
    const landed = series.filter(([name]) => name.startsWith("raptor_lane_landed{"));
    expect(landed.map(([, value]) => value)).toEqual([1, 1, 1, 1, 1]);
  });

  test("a lane that lies, one that answers 429 and one that is silent hold nothing up", async () => {
    const urls = laneUrls(desk);
    await breakDown(urls.jito, { on: "sendTransaction", kind: "silent" });
    await breakDown(urls.helius, { on: "sendTransaction", kind: "error", status: 429, body: "{}" });
    await breakDown(urls.jupiter, { on: "sendTransaction", kind: "delay", ms: 30_000 });
    const mark = await ChatMark.of(desk.alice);
    await setPrice(desk.world.file, mint, 0.6);
    await mark.next("Stop loss sold");
    expect(await desk.world.chainQuantity(desk.address, mint)).toBe(0n);
    expect(fillsOf(desk, mint).filter(({ side }) => side === "sell")).toHaveLength(1);
    for (const url of Object.values(urls)) await repair(url);
  });

  test("a tip lane alone lands a buy that no node takes", async () => {
    const other = desk.world.mint("normal", 1);
    await until(() => desk.world.eventsOf("FillSettled").length === 2);
    await eachNode(desk, (url) => breakDown(url, { on: "sendTransaction", kind: "drop" }));
    await buy(desk, other);
    const [submitted] = desk.world
      .eventsOf("AttemptSubmitted")
      .map(({ payload }) => payload as { lanes: string[] })
      .slice(-1);
    expect(submitted?.lanes.some((lane) => /^(jito|helius|jupiter) /.test(lane))).toBe(true);
    expect(fillsOf(desk, other)).toHaveLength(1);
  });

  test("all lanes down: the exit stays armed, is sent again, and is sold once when they are back", async () => {
    const other = desk.world.mint("normal", 1);
    const urls = Object.values(laneUrls(desk));
    for (const url of urls) await breakDown(url, { on: "*", kind: "drop" });
    await setPrice(desk.world.file, other, 0.5);
    await until(() => attemptsOf(desk, "sell", other).length >= 2);
    expect(fillsOf(desk, other).filter(({ side }) => side === "sell")).toEqual([]);
    expect(desk.world.eventsOf("AttemptRejected")).toEqual([]);
    for (const url of urls) await repair(url);
    await eachNode(desk, repair);
    await until(() => fillsOf(desk, other).some(({ side }) => side === "sell"));
    expect(await desk.world.chainQuantity(desk.address, other)).toBe(0n);
    expect(fillsOf(desk, other).filter(({ side }) => side === "sell")).toHaveLength(1);
    const prices = attemptsOf(desk, "sell", other).map(({ route }) =>
      BigInt(String(route["unitPriceMicroLamports"])),
    );
    expect(prices[1]).toBeGreaterThan(prices[0] ?? 0n);
  });
});

describe("protected orders", () => {
  let desk: Desk;
  let mint: string;

  beforeAll(async () => {
    desk = await startDesk({
      MEV_PROTECT: "all",
      MEV_PROTECT_SLOTS: "10",
      NONCE_ACCOUNTS_MAX: "0",
    });
    mint = desk.world.mint();
  });

  afterAll(() => desk.world.close());

  test("go only where nobody sees them, and the order says so", async () => {
    await eachNode(desk, (url) => breakDown(url, { on: "sendTransaction", kind: "drop" }));
    await buy(desk, mint);
    await eachNode(desk, async (url) => {
      expect(await faultHits(url)).toEqual({});
      await repair(url);
    });
    expect((await countsOf(desk, "jupiter")).received).toBe(0);
    const [attempt] = attemptsOf(desk, "buy", mint);
    expect(attempt?.route["landing"]).toMatchObject({ isProtected: true, plainAfterSlots: null });
    expect(attempt?.route["lanesLeftOut"]).toEqual([
      { lane: "jupiter", reason: "the order is protected" },
    ]);
  });

  test("that are exits go everywhere once their lanes have failed them", async () => {
    const { jito, helius } = laneUrls(desk);
    for (const url of [jito, helius]) await breakDown(url, { on: "*", kind: "drop" });
    const mark = await ChatMark.of(desk.alice);
    await setPrice(desk.world.file, mint, 0.6);
    await until(() => attemptsOf(desk, "sell", mint).length > 0);
    const [attempt] = attemptsOf(desk, "sell", mint);
    expect(attempt?.route["landing"]).toMatchObject({ isProtected: true, plainAfterSlots: 10 });
    await mark.next("Stop loss sold");
    expect(await desk.world.chainQuantity(desk.address, mint)).toBe(0n);
    expect(fillsOf(desk, mint).filter(({ side }) => side === "sell")).toHaveLength(1);
  });
});

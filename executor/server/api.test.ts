import { describe, it } from "vitest";
import type { JobRow, TokenRow } from "@raptor/shared/domain/rows.ts";
import { JOB_TYP, READ_TYP } from "@raptor/shared/wire/jws.ts";
import { API_SCOPES, type ApiScope, type Job } from "@raptor/shared/wire/job.ts";
import type { StatusView, TradeView } from "@raptor/shared/wire/read.ts";
import { ApiTokens } from "../jobs/api-tokens.ts";
import { ExecutorApi, type ApiAnswer, type ApiDeps } from "./api.ts";
import { AUDIENCE, createTestKey, goodClaims, jwksOf, NOW_S, signToken } from "./jws-fixture.ts";
import { JwsVerifier } from "./verify-jws.ts";

const key = createTestKey("k1");
const ANN = 7;
const BOB = 8;
const apiTokens = new ApiTokens(Buffer.alloc(32, 1));

const drift = [ANN, BOB].map((userId) => ({
  userId,
  wallet: `w${userId}`,
  mint: "m",
  ledgerQuantity: "1",
  chainQuantity: "0",
  class: "external" as const,
}));
const STATUS: StatusView = {
  phase: "ready",
  tradingState: "active",
  tradingStateReason: "",
  epoch: 4,
  version: "test",
  uptimeMs: 1,
  openPositions: 2,
  unresolvedAttempts: 0,
  pendingJobs: 0,
  pendingNotices: 0,
  journalSeq: 10,
  dependencies: {},
  lastReconcile: { atMs: 1, trigger: "timer", drift },
};

function jobRow(jobId: string, userId: number): JobRow {
  return {
    jobId,
    digest: "d",
    userId,
    kind: "pause",
    receivedMs: 1,
    deadlineMs: null,
    state: "done",
    outcome: "paused",
    job: goodJob(jobId),
  };
}

function tradeView(seq: number): TradeView {
  const amounts = { quantity: "1", notionalLamports: "1", feeLamports: "1" };
  const ids = { fillId: `f${seq}`, orderId: "o", mint: "m", symbol: "TOK", signature: "s" };
  return { seq, userId: ANN, side: "buy", tsMs: 1, ...ids, ...amounts };
}

function goodJob(id = "tg:1:1"): Job {
  const actor = { kind: "telegram" as const, userId: ANN, chatId: ANN, name: "Ann" };
  return { id, actor, createdMs: NOW_S * 1_000, kind: "pause" };
}

interface World {
  api: ExecutorApi;
  accepted: Job[];
  counted: string[];
  logged: string[];
  asked: unknown[];
  clock: { nowMs: number; monotonicMs: number };
}

function createWorld(
  tokens: readonly TokenRow[] = [],
  people: readonly number[] = [ANN, BOB],
): World {
  const clock = { nowMs: NOW_S * 1_000, monotonicMs: 0 };
  const accepted: Job[] = [];
  const counted: string[] = [];
  const logged: string[] = [];
  const asked: unknown[] = [];
  const jobs = [jobRow("tg:1:1", ANN), jobRow("tg:1:2", BOB)];
  const deps: ApiDeps = {
    verifier: new JwsVerifier(jwksOf(key), AUDIENCE),
    intake: {
      async accept(job) {
        accepted.push(job);
        return { status: 202, answer: { status: "accepted", jobId: job.id, epoch: 4 } };
      },
    },
    reads: {
      status: () => STATUS,
      positions(userId) {
        asked.push({ positions: userId });
        return [];
      },
      trades(userId, limit, before) {
        asked.push({ trades: userId, limit, before });
        return Array.from({ length: Math.min(limit, 3) }, (_, at) => tradeView(90 - at));
      },
      job: (jobId) => {
        const row = jobs.find((one) => one.jobId === jobId);
        if (row === undefined) return undefined;
        const { kind, state, outcome, receivedMs } = row;
        return { jobId, kind, state, outcome, receivedMs, orders: [] };
      },
      dependencies: () => [],
    },
    store: {
      activeTokens: () => [...tokens],
      epoch: () => 4,
      job: (jobId) => jobs.find((one) => one.jobId === jobId),
    },
    apiTokens,
    admission: { isAllowed: (userId) => people.includes(userId) },
    clock: {
      nowMs: () => clock.nowMs,
      monotonicMs: () => clock.monotonicMs,
      sleep: () => Promise.reject(new Error("the API must not sleep")),
      defer: () => {},
    },
    log: {
      debug() {},
      info() {},
      error() {},
      warn: (fields) => logged.push(JSON.stringify(fields)),
    },
    metrics: {
      count: (name, labels) => counted.push(`${name} ${labels?.["reason"] ?? ""}`),
      gauge() {},
      observeMs() {},
    },
  };
  return { api: new ExecutorApi(deps), accepted, counted, logged, asked, clock };
}

function tokenRow(tokenId: string, userId: number, scopes: readonly ApiScope[]): TokenRow {
  return { tokenId, userId, scopes: [...scopes], revoked: false };
}

const asToken = (tokenId: string): Record<string, unknown> => ({
  kind: "token",
  tokenSha256: apiTokens.sha256Of(tokenId),
});
const ADMIN = { kind: "admin" };

async function ask(world: World, read: Record<string, unknown>): Promise<ApiAnswer> {
  const claims = goodClaims({ read });
  return world.api.read(await signToken(key, { claims, typ: READ_TYP }));
}

describe("signed jobs", () => {
  it("reach the intake as they were signed", async ({ expect }) => {
    const world = createWorld();
    const claims = goodClaims({ job: goodJob() });
    const answer = await world.api.job(await signToken(key, { claims }));
    expect(answer).toEqual({
      status: 202,
      body: { status: "accepted", jobId: "tg:1:1", epoch: 4 },
    });
    expect(world.accepted).toEqual([goodJob()]);
  });

  it.for<[string, () => Promise<string>, number, string]>([
    ["rubbish", async () => "a.b.c", 401, "malformed"],
    ["too much", async () => "a".repeat(40_000), 413, "too-large"],
    ["a read", () => signToken(key, { claims: goodClaims(), typ: READ_TYP }), 401, "type"],
    ["another signer's", () => signToken(createTestKey("k1")), 401, "signature"],
    [
      "an old one",
      () => signToken(key, { claims: goodClaims({ iat: 1, exp: 2 }) }),
      401,
      "expired",
    ],
    ["one without a job", () => signToken(key), 422, "shape"],
    [
      "one with more",
      () => signToken(key, { claims: goodClaims({ job: goodJob(), x: 1 }) }),
      422,
      "shape",
    ],
  ])("refuse %s, count it and do nothing", async ([, make, status, reason], { expect }) => {
    const world = createWorld();
    expect((await world.api.job(await make())).status).toBe(status);
    expect(world.counted).toEqual([`jobs_refused_total ${reason}`]);
    expect(world.accepted).toEqual([]);
  });

  it("answer a wrong shape without growing with what was sent", async ({ expect }) => {
    const world = createWorld();
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]));
    const claims = goodClaims({ job: { ...goodJob(), ...many } });
    const { body } = await world.api.job(await signToken(key, { claims }));
    expect((body as { sentence: string }).sentence.length).toBeLessThanOrEqual(1_000);
  });

  it("log a flood of rubbish once a second for each kind", async ({ expect }) => {
    const world = createWorld();
    for (let at = 0; at < 100; at++) {
      world.clock.monotonicMs = at * 25;
      await world.api.job("a.b.c");
      world.api.refuseUnread(413, "too-large");
    }
    expect(world.counted).toHaveLength(200);
    expect(world.logged).toHaveLength(6);
    expect(world.logged[0]).toBe('{"problem":"malformed"}');
  });
});

describe("signed reads", () => {
  const all = [tokenRow("ann", ANN, API_SCOPES), tokenRow("bob", BOB, API_SCOPES)];

  it("show nothing to a person who is no longer allowed, whatever token is left", async ({
    expect,
  }) => {
    const world = createWorld(all, [BOB]);
    const gone = await ask(world, { kind: "status", principal: asToken("ann") });
    expect([gone.status, world.counted]).toEqual([401, ["jobs_refused_total token"]]);
    expect((await ask(world, { kind: "positions", principal: asToken("ann") })).status).toBe(401);
    expect(world.asked).toEqual([]);
    expect((await ask(world, { kind: "status", principal: asToken("bob") })).status).toBe(200);
    expect((await ask(world, { kind: "status", principal: ADMIN })).status).toBe(200);
  });

  it("show the admin everybody and a person their own", async ({ expect }) => {
    const world = createWorld(all);
    await ask(world, { kind: "positions", principal: ADMIN });
    await ask(world, { kind: "positions", principal: asToken("ann") });
    await ask(world, { kind: "trades", principal: asToken("bob"), limit: 5, before: 9 });
    expect(world.asked).toEqual([
      { positions: null },
      { positions: ANN },
      { trades: BOB, limit: 5, before: 9 },
    ]);
  });

  it("say where the next page of trades begins, and when there is none", async ({ expect }) => {
    const world = createWorld(all);
    const nextOf = async (limit: number): Promise<unknown> => {
      const { body } = await ask(world, { kind: "trades", principal: ADMIN, limit });
      return (body as { nextBefore: unknown }).nextBefore;
    };
    expect([await nextOf(2), await nextOf(4)]).toEqual([89, null]);
  });

  it("count for a person only their own positions", async ({ expect }) => {
    const world = createWorld(all);
    const countFor = async (principal: Record<string, unknown>): Promise<number> =>
      ((await ask(world, { kind: "status", principal })).body as StatusView).openPositions;
    expect([await countFor(ADMIN), await countFor(asToken("ann"))]).toEqual([2, 0]);
    expect(world.asked).toEqual([{ positions: ANN }]);
  });

  it("show a person only their own drift", async ({ expect }) => {
    const world = createWorld(all);
    const seenBy = async (principal: Record<string, unknown>): Promise<unknown> => {
      const { body } = await ask(world, { kind: "status", principal });
      return (body as StatusView).lastReconcile?.drift.map(({ userId }) => userId);
    };
    expect(await seenBy(ADMIN)).toEqual([ANN, BOB]);
    expect(await seenBy(asToken("bob"))).toEqual([BOB]);
  });

  it("do not tell a foreign job from one that never was", async ({ expect }) => {
    const world = createWorld(all);
    const statusOf = async (id: string, principal: Record<string, unknown>): Promise<number> =>
      (await ask(world, { kind: "job", principal, id })).status;
    expect(await statusOf("tg:1:1", asToken("ann"))).toBe(200);
    expect(await statusOf("tg:1:2", ADMIN)).toBe(200);
    const foreign = await ask(world, { kind: "job", principal: asToken("ann"), id: "tg:1:2" });
    const absent = await ask(world, { kind: "job", principal: asToken("ann"), id: "tg:1:9" });
    expect(foreign.status).toBe(404);
    expect(foreign).toEqual(absent);
  });

  const reads = {
    status: { kind: "status" },
    positions: { kind: "positions" },
    trades: { kind: "trades", limit: 1 },
    jobs: { kind: "job", id: "tg:1:1" },
  } satisfies Record<ApiScope, Record<string, unknown>>;

  it("need exactly the scope of what they ask", async ({ expect }) => {
    for (const scope of API_SCOPES) {
      const others = API_SCOPES.filter((one) => one !== scope);
      const world = createWorld([tokenRow("only", ANN, [scope]), tokenRow("rest", ANN, others)]);
      const only = await ask(world, { ...reads[scope], principal: asToken("only") });
      const rest = await ask(world, { ...reads[scope], principal: asToken("rest") });
      expect([scope, only.status, rest.status]).toEqual([scope, 200, 403]);
    }
  });

  it("refuse a token that is not among the active ones", async ({ expect }) => {
    const world = createWorld(all);
    const answer = await ask(world, { ...reads.status, principal: asToken("revoked") });
    expect(answer.status).toBe(401);
    expect(world.counted).toEqual(["jobs_refused_total token"]);
  });

  it.for<[string, Record<string, unknown>]>([
    ["no principal", { kind: "status" }],
    ["a member too many", { kind: "status", principal: ADMIN, userId: ANN }],
    ["a page without end", { kind: "trades", principal: ADMIN, limit: 1_000 }],
    ["an unknown kind", { kind: "vault", principal: ADMIN }],
    ["a short digest", { kind: "status", principal: { kind: "token", tokenSha256: "x" } }],
  ])("with %s are refused as a shape", async ([, read], { expect }) => {
    expect((await ask(createWorld(all), read)).status).toBe(422);
  });

  it("are never taken for jobs, nor jobs for reads", async ({ expect }) => {
    const world = createWorld();
    const job = await signToken(key, { claims: goodClaims({ job: goodJob() }), typ: JOB_TYP });
    expect(world.api.read(job).status).toBe(401);
    expect(world.accepted).toEqual([]);
  });
});

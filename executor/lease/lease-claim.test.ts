import { describe, it } from "vitest";
import { NetFailure } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import type { ClaimChange } from "../ports/desk-claim.ts";
import type { Signer, SignRequest } from "../ports/signer.ts";
import { guardSigner } from "./guard-signer.ts";
import { FakeLeaseServer } from "./lease-database-fixture.ts";
import { LeaseClaim } from "./lease-claim.ts";
import { Lease } from "./lease.ts";
import { createSeededPrng } from "./seeded-prng-fixture.ts";
import { QUIET_LOG, VirtualProcess, VirtualWorld } from "./virtual-world-fixture.ts";

const TTL_MS = 20_000;
const WAIT = { waitMsMax: 30_000, reachMsMax: 1_000 };

function createDesk(fly?: { machines: unknown }) {
  const world = new VirtualWorld();
  const server = new FakeLeaseServer(world, createSeededPrng(3));
  const process = new VirtualProcess(world, 1, 0);
  const state = { journalEpoch: 4 };
  const changes: ClaimChange[] = [];
  const lease = new Lease({
    database: server.databaseFor(process, () => false),
    clock: process.clock,
    log: QUIET_LOG,
    identity: { holder: "me", volume: "v1", machine: "m1" },
    settings: { renewMs: 2_000, ttlMs: TTL_MS },
    journalEpoch: () => state.journalEpoch,
    onState: (now, reason) => claim.tell(now, reason),
  });
  const journalEpoch = (): number => state.journalEpoch;
  const sibling = fly && siblingOf(process, fly);
  const claim = new LeaseClaim({ clock: process.clock, lease, journalEpoch, sibling });
  claim.onChange((change) => changes.push(change));
  const run = (ms: number): Promise<void> => world.runUntil(world.nowMs + ms);
  return { world, server, process, lease, claim, state, changes, run };
}

/** Fly gave no answer at the start, and gives none until there is a list of Machines. */
function siblingOf(process: VirtualProcess, fly: { machines: unknown }) {
  const fetch = async () => {
    if (fly.machines === undefined) throw new NetFailure("timeout", "fly");
    return { status: 200, headers: {}, body: JSON.stringify(fly.machines) };
  };
  const net = { fetch, connect: unexpectedSocket };
  const place = { apiUrl: "http://fly", app: "desk", machine: "m1", token: new Secret("t") };
  return { deps: { net, clock: process.clock, log: QUIET_LOG }, place, reason: "no answer" };
}

function unexpectedSocket(): never {
  throw new Error("expected no socket");
}

async function begin(desk: ReturnType<typeof createDesk>): Promise<void> {
  const taken = desk.lease.take(WAIT);
  await desk.run(5_000);
  expectTaken(await taken);
  desk.state.journalEpoch = desk.lease.epoch ?? 0;
  desk.claim.start();
}

function expectTaken({ outcome }: { outcome: string }): void {
  if (outcome !== "taken") throw new Error(`expected the lease, was ${outcome}`);
}

function request(nonce: { index: number; value: string } | null): SignRequest {
  return {
    alg: "ed25519",
    walletId: "w",
    userId: 1,
    wrapped: "",
    message: "",
    intent: {
      kind: "solanaSwap",
      side: "sell",
      wallet: "",
      mint: "",
      tokenProgram: "",
      quantityIn: "1",
      quantityOutMin: "1",
      slippageBpsMax: 100,
      feeLamportsMax: "5000",
      tipLamportsMax: "0",
      lookupTables: [],
      walletTokenAccounts: [],
      tokenQuantityMin: "0",
      nonce,
    },
  };
}

const SIGNER: Signer = {
  sign: async () => ({ outcome: "signed", signature: "s" }),
  createWallet: async () => ({ address: "a", wrapped: "w", vaultSha256: "h" }),
  checkWallet: async () => ({ opens: true, isCurrent: true }),
};

describe("a signer that finds the turn over", () => {
  it("has refused nothing: whoever asked waits", async ({ expect }) => {
    const desk = createDesk();
    await begin(desk);
    const reasons = ["the lease that allowed this has ended meanwhile"];
    const late: Signer = {
      ...SIGNER,
      sign: async () => ({ outcome: "refused", reasons, isTurnOver: true }),
    };
    await expect(guardSigner(late, desk.claim).sign(request(null))).rejects.toMatchObject({
      code: "RAPTOR_LEASE__IN_DOUBT",
      context: { reason: reasons[0] },
    });
    const strict: Signer = { ...SIGNER, sign: async () => ({ outcome: "refused", reasons }) };
    expect(await guardSigner(strict, desk.claim).sign(request(null))).toMatchObject({
      outcome: "refused",
    });
  });
});

describe("what the claim allows", () => {
  it("holds nothing while it is renewed, and counts the epoch on from the journal", async ({
    expect,
  }) => {
    const desk = createDesk();
    await begin(desk);
    await desk.run(10 * TTL_MS);
    expect(desk.claim.epoch()).toBe(5);
    expect(desk.claim.blockhashHold()).toBe(undefined);
    expect(desk.changes).toEqual([]);
  });

  it("changes nothing and tells nobody when the database is away for less than the TTL", async ({
    expect,
  }) => {
    const desk = createDesk();
    await begin(desk);
    desk.server.isDown = true;
    await desk.run(TTL_MS / 2);
    expect(desk.claim.health()).toMatchObject([{ ok: false, detail: "doubtful, epoch 5" }]);
    expect(desk.claim.entryHold()).toBe(undefined);
    desk.server.isDown = false;
    await desk.run(TTL_MS);
    expect(desk.claim.health()).toMatchObject([{ ok: true, detail: "held, epoch 5" }]);
    expect(desk.changes).toEqual([]);
  });

  it("stops all but nonces after the TTL, tells it once, and is back by itself", async ({
    expect,
  }) => {
    const desk = createDesk();
    await begin(desk);
    const signer = guardSigner(SIGNER, desk.claim);
    desk.server.isDown = true;
    await desk.run(5 * TTL_MS);
    expect(desk.claim.entryHold()).toContain("not certain that this is the only executor");
    expect(desk.claim.mayCopy()).toBe(false);
    await expect(signer.sign(request(null))).rejects.toMatchObject({
      code: "RAPTOR_LEASE__IN_DOUBT",
    });
    const setup: SignRequest["intent"] = {
      kind: "solanaCreateNonces",
      wallet: "",
      accounts: [],
      feeLamportsMax: "0",
    };
    await expect(signer.sign({ ...request(null), intent: setup })).rejects.toMatchObject({
      code: "RAPTOR_LEASE__IN_DOUBT",
    });
    const intent: SignRequest["intent"] = {
      kind: "solanaVoidNonce",
      wallet: "",
      index: 0,
      value: "v",
      feeLamportsMax: "0",
    };
    expect(await signer.sign({ ...request(null), intent })).toMatchObject({ outcome: "signed" });
    expect(await signer.sign(request({ index: 0, value: "v" }))).toMatchObject({
      outcome: "signed",
    });
    desk.server.isDown = false;
    await desk.run(TTL_MS);
    expect(desk.claim.entryHold()).toBe(undefined);
    expect(desk.claim.mayCopy()).toBe(true);
    expect(desk.changes.map(({ kind }) => kind)).toEqual(["lapsed", "held"]);
    expect(desk.lease.epoch).toBe(5);
  });

  it("lets nothing be signed once a later epoch was seen, for good", async ({ expect }) => {
    const desk = createDesk();
    await begin(desk);
    const signer = guardSigner(SIGNER, desk.claim);
    const { row } = desk.server;
    if (row !== undefined) desk.server.row = { ...row, epoch: 9, holder: "other" };
    await desk.run(5_000);
    expect(desk.changes.map(({ kind }) => kind)).toEqual(["fenced"]);
    await expect(signer.sign(request({ index: 0, value: "v" }))).rejects.toMatchObject({
      code: "RAPTOR_LEASE__FENCED",
      context: { reason: "Nothing is signed here: epoch 9 has taken over from our epoch 5." },
    });
    await expect(signer.createWallet("w", 1)).rejects.toThrow("another executor has taken over");
    if (desk.server.row !== undefined) desk.server.row = { ...desk.server.row, epoch: 1 };
    await desk.run(10 * TTL_MS);
    expect(desk.claim.signingHold()).toContain("epoch 9");
  });

  it("starts without the database on exits alone, and waits for the late epoch", async ({
    expect,
  }) => {
    const desk = createDesk();
    desk.server.isDown = true;
    const taken = desk.lease.take(WAIT);
    await desk.run(10_000);
    expect(await taken).toMatchObject({ outcome: "unreachable" });
    desk.claim.start();
    desk.state.journalEpoch = 5;
    expect(desk.claim.blockhashHold()).toContain("not certain");
    expect(desk.claim.signingHold()).toBe(undefined);
    desk.server.isDown = false;
    await desk.run(10_000);
    expect(desk.claim.epoch()).toBe(6);
    expect(desk.claim.entryHold()).toContain("A new epoch begins");
    desk.state.journalEpoch = 6;
    expect(desk.claim.entryHold()).toBe(undefined);
    expect(desk.changes.map(({ kind }) => kind)).toEqual(["lapsed", "held"]);
  });
});

describe("a claim in doubt for two reasons", () => {
  const ALONE = [{ id: "m1", state: "started", created_at: "2026-11-20T10:00:00Z" }];

  it("is not called certain again by Fly while the lease still lapses", async ({ expect }) => {
    const fly: { machines: unknown } = { machines: undefined };
    const desk = createDesk(fly);
    await begin(desk);
    desk.server.isDown = true;
    await desk.run(2 * TTL_MS);
    fly.machines = ALONE;
    await desk.run(TTL_MS);
    expect(desk.claim.entryHold()).toContain("the lease could not be renewed");
    expect(desk.changes.map(({ kind }) => kind)).not.toContain("held");
    desk.server.isDown = false;
    await desk.run(TTL_MS);
    expect(desk.claim.entryHold()).toBe(undefined);
    expect(desk.changes.at(-1)?.kind).toBe("held");
  });

  it("is not called certain again by the lease while Fly gives no answer", async ({ expect }) => {
    const fly: { machines: unknown } = { machines: undefined };
    const desk = createDesk(fly);
    await begin(desk);
    desk.server.isDown = true;
    await desk.run(2 * TTL_MS);
    desk.server.isDown = false;
    await desk.run(TTL_MS);
    expect(desk.claim.entryHold()).toContain("Fly gave no answer");
    expect(desk.changes.map(({ kind }) => kind)).not.toContain("held");
    fly.machines = ALONE;
    await desk.run(TTL_MS);
    expect(desk.claim.entryHold()).toBe(undefined);
    expect(desk.changes.at(-1)?.kind).toBe("held");
  });
});

describe("a process that was stopped", () => {
  it("knows on its first turn that the claim is over, also when the machine stood still", async ({
    expect,
  }) => {
    for (const how of ["stop", "suspend"] as const) {
      const desk = createDesk();
      await begin(desk);
      desk.process[how]();
      await desk.run(2 * TTL_MS);
      desk.process.wake();
      expect(desk.claim.blockhashHold(), how).toContain("not certain");
    }
  });

  it("gives the lease back in order, with the head of its journal", async ({ expect }) => {
    const desk = createDesk();
    await begin(desk);
    const released = desk.lease.release(77);
    await desk.run(5_000);
    await released;
    expect(desk.server.row).toMatchObject({ phase: "released", headSeq: 77 });
    expect(desk.claim.signingHold()).toContain("given the lease back");
  });
});

import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import type { PostgresMirror } from "@raptor/executor/mirror/postgres-mirror.ts";
import { shipBatch } from "@raptor/executor/mirror/ship.ts";
import { GENESIS_HASH } from "@raptor/executor/store/hash-chain.ts";
import { clock, MirrorScene, until } from "./mirror-fixture.ts";

let scene: MirrorScene;
let running: PostgresMirror[] = [];

function start(over: Parameters<MirrorScene["mirror"]>[0] = {}): PostgresMirror {
  const mirror = scene.mirror(over);
  running.push(mirror);
  mirror.start();
  return mirror;
}

beforeAll(async () => {
  scene = await MirrorScene.start();
  for (let n = 0; n < 60; n += 1) await scene.trade(7 + (n % 3));
});

afterEach(async () => {
  await Promise.all(running.map((mirror) => mirror.stop()));
  running = [];
});

afterAll(async () => {
  await scene.close();
});

describe("the mirror", () => {
  it("copies every event and folds the same rows, also of hostile names", async ({ expect }) => {
    const mirror = start();
    await scene.caughtUp();
    await scene.trade();
    await scene.caughtUp();
    expect(await scene.difference()).toBe(undefined);
    expect(mirror.health().ok).toBe(true);
    expect(mirror.health().detail).toContain(`seq ${scene.store.headSeq()}, lag 0 events`);
    expect(mirror.hold()).toBe(undefined);
  });

  it("notices a row that somebody changed", async ({ expect }) => {
    await scene.ask("update raptor.orders set reason = 'edited' where order_id = 'o3'");
    expect(await scene.difference()).toBe('orders: row o3, reason: expected null, was "edited"');
    await scene.ask("delete from raptor.fills where order_id = 'o4'");
    await scene.ask("update raptor.mirror_cursor set fold_digest = ''");
    start();
    await until(async () => (await scene.difference()) === undefined);
  });

  it("writes each event once while two mirrors ship the same journal", async ({ expect }) => {
    const mirrors = [start(), start(), start()];
    for (let n = 0; n < 80; n += 1) await scene.trade();
    await scene.caughtUp();
    expect(await scene.difference()).toBe(undefined);
    const [row] = await scene.ask("select count(*), count(distinct seq) from raptor.journal");
    expect(row).toEqual([String(scene.store.headSeq()), String(scene.store.headSeq())]);
    for (const mirror of mirrors) expect(mirror.health().detail).not.toContain("; ");
  });

  it("ships what is left when the process stops", async ({ expect }) => {
    const mirror = start();
    await scene.caughtUp();
    for (let n = 0; n < 5; n += 1) await scene.trade();
    await mirror.stop();
    expect(await scene.copiedSeq()).toBe(scene.store.headSeq());
  });

  it("takes no event that does not follow, whoever writes it", async ({ expect }) => {
    const session = await scene.postgres().open("test", 5_000);
    const [first, second] = scene.store.storedFrom(1, 2);
    if (first === undefined || second === undefined) throw new Error("expected two events");
    const start = { seq: 0, hash: GENESIS_HASH };
    await expect(shipBatch(session, start, [first])).rejects.toThrow("cursor has moved");
    await expect(shipBatch(session, start, [second])).rejects.toMatchObject({ kind: "gap" });
    const altered = { ...first, payload: "{}" };
    await expect(shipBatch(session, start, [altered])).rejects.toMatchObject({ kind: "damaged" });
    const row = `insert into raptor.journal values (${scene.store.headSeq() + 2}, 0, '', '', 1, '', '', '')`;
    await expect(session.query(row)).rejects.toThrow(/does not follow/);
    for (const sql of ["delete from", "truncate", "update"]) {
      const rest = sql === "update" ? " set kind = ''" : "";
      await expect(session.query(`${sql} raptor.journal${rest}`)).rejects.toThrow(/append-only/);
    }
    session.close();
  });
});

describe("a copy that is not a copy of this journal", { timeout: 60_000 }, () => {
  it("stops the mirror when the journal is behind it, and nothing is overwritten", async ({
    expect,
  }) => {
    const full = scene.store;
    const younger = scene.openStore(`${scene.folder}/younger.db`);
    const mirror = start({ store: younger });
    await until(() => mirror.health().detail.includes("this journal ends with 0"));
    expect(mirror.hold()).toContain("buys stop, positions and their exits go on");
    expect(mirror.health().ok).toBe(false);
    expect(scene.shouts.at(-1)).toContain("raptor restore --from postgres");
    expect(await scene.copiedSeq()).toBe(full.headSeq());
    younger.close();
  });

  it("stops the mirror when the same event is another one", async ({ expect }) => {
    const head = scene.store.headSeq();
    const other = scene.openStore(`${scene.folder}/other.db`);
    const event = { stream: "user:1", kind: "UserRegistered" } as const;
    for (let n = 0; other.headSeq() <= head; n += 1) {
      const payload = { userId: 1, chatId: 1, name: String(n) };
      await other.transact((tx) => tx.append({ ...event, payload }));
    }
    const mirror = start({ store: other });
    await until(() => mirror.health().detail.includes("another one than ours"));
    expect(mirror.hold()).toContain("buys stop");
    expect(scene.shouts.at(-1)).toContain("Two desks wrote different histories");
    other.close();
  });

  it("tells a contradiction in the tables from a broken link", async ({ expect }) => {
    await scene.ask("delete from raptor.users where user_id = 7");
    const mirror = start();
    const payload = { userId: 7, paused: true, jobId: "j" };
    await until(() => mirror.hold() === undefined);
    await scene.store.transact((tx) =>
      tx.append({ stream: "user:7", kind: "UserPausedChanged", payload }),
    );
    await until(() => mirror.health().detail.includes("expects one row of users, were 0"));
    expect(await scene.copiedSeq()).toBe(scene.store.headSeq() - 1);
    expect(scene.shouts.at(-1)).toContain("fold_digest");
    await scene.ask("update raptor.mirror_cursor set fold_digest = ''");
    start();
    await scene.caughtUp();
    expect(await scene.difference()).toBe(undefined);
  });
});

describe("waiting for the copy", () => {
  it("is never asked for in async mode", async ({ expect }) => {
    const mirror = scene.mirror();
    expect(await mirror.isMirrored()).toBe(true);
    expect(mirror.refusal()).toBe(undefined);
  });

  it("ends for a new wallet only when its key is copied as well", async ({ expect }) => {
    const mirror = start({ mode: "sync", syncMs: 5_000, copiesVault: true });
    await until(() => mirror.hold() === undefined);
    await scene.putWallet(99);
    expect(await mirror.isMirrored()).toBe(true);
    const rows = await scene.ask("select wrapped from raptor.vault where wallet_id = 'w99'");
    expect(rows).toEqual([["wrapped-99"]]);
  });

  it("ends as soon as the copy has everything, and after its limit without", async ({ expect }) => {
    const mirror = start({ mode: "sync", syncMs: 400 });
    expect(mirror.hold()).toContain("has not been compared");
    expect(mirror.refusal()).toContain("Not accepted");
    await until(() => mirror.hold() === undefined);
    await scene.trade();
    expect(await mirror.isMirrored()).toBe(true);
    expect(await scene.copiedSeq()).toBe(scene.store.headSeq());
    const lock = await scene.postgres().open("test", 5_000);
    await lock.query("begin; select from raptor.mirror_cursor for update;");
    await scene.trade();
    const askedMs = clock.monotonicMs();
    expect(await mirror.isMirrored()).toBe(false);
    expect(clock.monotonicMs() - askedMs).toBeGreaterThan(390);
    expect(mirror.hold()).toContain("MIRROR=sync lets no buy go on");
    expect(mirror.refusal()).toContain("Nothing was done");
    lock.close();
    await until(() => mirror.isMirrored());
    expect(mirror.hold()).toBe(undefined);
  });
});

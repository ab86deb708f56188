import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { restoreFromPostgres } from "@raptor/executor/mirror/restore.ts";
import { withJournalReader } from "@raptor/executor/store/read-journal.ts";
import { verifyJournal } from "@raptor/executor/store/verify.ts";
import { clock, MirrorScene, until } from "./mirror-fixture.ts";

let scene: MirrorScene;
let path: string;
let trial = 0;

beforeAll(async () => {
  scene = await MirrorScene.start();
  for (const user of [7, 8]) {
    await scene.trade(user);
    await scene.putWallet(user);
    for (let n = 0; n < 70; n += 1) await scene.trade(user);
  }
});

beforeEach(async () => {
  trial += 1;
  path = join(scene.folder, `restored-${trial}.db`);
  await scene.emptyDatabase();
  await ship(false);
});

afterAll(async () => {
  await scene.close();
});

async function ship(copiesVault: boolean): Promise<void> {
  const mirror = scene.mirror({ copiesVault });
  mirror.start();
  await scene.caughtUp();
  await until(() => mirror.hold() === undefined);
  await mirror.stop();
}

function restore(vaultFrom?: string) {
  const options = { postgres: scene.postgres(), clock, path, release: "test" };
  return restoreFromPostgres(vaultFrom === undefined ? options : { ...options, vaultFrom });
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "restored";
  } catch (error) {
    return String((error as { context?: { reason?: unknown } }).context?.reason ?? error);
  }
}

const leftovers = (): string[] =>
  readdirSync(scene.folder).filter((name) => name.includes("restor"));

describe("a journal put back from Postgres", () => {
  it("is the lost one, event by event and row by row, and carries the mark", async ({ expect }) => {
    await ship(true);
    const report = await restore();
    const headSeq = scene.store.headSeq();
    const headHash = scene.store.hashAt(headSeq);
    expect(report).toEqual({
      head: { seq: headSeq, hash: headHash },
      wallets: 2,
      isCompared: true,
    });
    const verified = verifyJournal(path);
    expect(verified.problem).toBe(null);
    expect(verified).toMatchObject({ events: headSeq, headHash });
    expect(verified.rows).toBe(verifyJournal(scene.path).rows);
    withJournalReader(path, (reader) => {
      expect(reader.vault("w7")).toBe("wrapped-7");
      expect(reader.vault("w8")).toBe("wrapped-8");
      expect(reader.recoveryMark()).toMatchObject({ from: "postgres", headSeq, headHash });
      expect(reader.recoveryMark()?.isSettled).toBe(false);
      expect(reader.outboxPendingCount()).toBe(0);
    });
  });

  it("goes on where it ended, and the mirror follows it", async ({ expect }) => {
    await ship(true);
    await restore();
    const store = scene.openStore(path);
    await store.transact((tx) => {
      const payload = { epoch: 9, version: "1", pid: 1 };
      tx.append({ stream: "executor", kind: "EpochStarted", payload });
    });
    const mirror = scene.mirror({ store });
    mirror.start();
    await until(async () => (await scene.copiedSeq()) === store.headSeq());
    expect(mirror.hold()).toBe(undefined);
    await mirror.stop();
    store.close();
  });

  it("takes the wallet keys from an older journal where they are not copied", async ({
    expect,
  }) => {
    expect(await reasonOf(restore())).toMatch(/keys of 2 wallets are in neither copy .address-7/);
    expect(leftovers()).not.toContain(`restored-${trial}.db`);
    await restore(scene.path);
    withJournalReader(path, (reader) => expect(reader.vault("w8")).toBe("wrapped-8"));
  });

  it("takes no wallet key that is not the one in the journal", async ({ expect }) => {
    await ship(true);
    await scene.ask("update raptor.vault set wrapped = 'another' where wallet_id = 'w7'");
    expect(await reasonOf(restore())).toMatch(/keys of 1 wallets are in neither copy/);
  });
});

describe("nothing is put back", () => {
  it("over a journal that is there, nor over its WAL", async ({ expect }) => {
    for (const ending of ["", "-wal"]) {
      writeFileSync(path + ending, "precious");
      expect(await reasonOf(restore(scene.path))).toMatch(/there is a journal at .* already/);
      rmSync(path + ending);
    }
  });

  it("from a copy with an altered event, a hole, or a cursor of its own", async ({ expect }) => {
    const unlocked = "alter table raptor.journal disable trigger all";
    await scene.ask(unlocked);
    const damages: [string, string, RegExp][] = [
      [
        "update raptor.journal set payload = '{}' where seq = 40",
        "update raptor.journal set payload = $1 where seq = 40",
        /content of event 40 does not give its hash/,
      ],
      [
        "update raptor.journal set seq = 100000 where seq = 50",
        "update raptor.journal set seq = 50 where seq = 100000 and $1 <> ''",
        /event 50 is missing/,
      ],
      [
        "update raptor.mirror_cursor set seq = seq + 1",
        "update raptor.mirror_cursor set seq = seq - 1 where $1 <> ''",
        /its cursor names/,
      ],
    ];
    const payload = scene.store.storedFrom(40, 1)[0]?.payload ?? "";
    for (const [damage, repair, problem] of damages) {
      await scene.ask(damage);
      expect(await reasonOf(restore(scene.path))).toMatch(problem);
      await scene.ask(repair, [payload]);
    }
    expect(existsSync(path)).toBe(false);
    expect(await reasonOf(restore(scene.path))).toBe("restored");
  });

  it("from a copy whose tables tell another story than its events", async ({ expect }) => {
    await scene.ask("update raptor.positions set quantity = 1 where position_id = 'p5'");
    expect(await reasonOf(restore(scene.path))).toMatch(
      /positions: row p5, quantity: expected "18/,
    );
    expect(leftovers().filter((name) => name.startsWith(`restored-${trial}`))).toEqual([]);
  });

  it("from an empty copy", async ({ expect }) => {
    await scene.emptyDatabase();
    const store = scene.openStore(join(scene.folder, `empty-${trial}.db`));
    const mirror = scene.mirror({ store });
    mirror.start();
    await until(() => mirror.hold() === undefined);
    await mirror.stop();
    store.close();
    expect(await reasonOf(restore(scene.path))).toMatch(/copy in Postgres is empty/);
  });
});

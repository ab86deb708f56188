import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { NewEvent } from "@raptor/shared/domain/events.ts";
import type { Job, JobKind, JobOf } from "@raptor/shared/wire/job.ts";
import { isPubkey, type Pubkey } from "@raptor/shared/values/pubkey.ts";
import { purgePerson, purgePersonAt } from "./purge-person.ts";
import {
  append,
  openTestStore,
  quietLog,
  START_MS,
  StepClock,
  testIds,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const NAME = "Ann Example";
const TEXT = "my landlord is called Bo";
const REASON = "off to the dentist";

function said(jobId: string, text: string, userId = 7): NewEvent {
  const actor = { kind: "telegram" as const, userId, chatId: userId, name: NAME };
  const job: Job = { id: jobId, actor, createdMs: START_MS, kind: "say", text };
  const payload = { jobId, digest: "d1", userId, kind: "say" as const, deadlineMs: null, job };
  return { stream: `job:${jobId}`, kind: "JobAccepted", payload };
}

function finished(jobId: string): NewEvent {
  return { stream: `job:${jobId}`, kind: "JobFinished", payload: { jobId, outcome: "done" } };
}

function registered(userId: number, name = NAME): NewEvent {
  const payload = { userId, chatId: userId, name };
  return { stream: `user:${userId}`, kind: "UserRegistered", payload };
}

const switched: NewEvent = {
  stream: "control",
  kind: "TradingStateChanged",
  payload: { state: "halted", reason: REASON, by: "telegram:7", jobId: "tg:1:3" },
};

const SECRET = "my sister Cleo";
const MINT = mintOf("So11111111111111111111111111111111111111112");

function mintOf(text: string): Pubkey {
  if (!isPubkey(text)) throw new Error(`expected an address, was ${text}`);
  return text;
}

type Typed<K extends JobKind> = Omit<JobOf<K>, "id" | "actor" | "createdMs" | "deadlineMs">;

/** Every kind of command, with the secret wherever somebody types. A new kind needs a line. */
const TYPED: { readonly [K in JobKind]: Typed<K> } = {
  start: { kind: "start" },
  showScreen: { kind: "showScreen", screen: "home" },
  showToken: { kind: "showToken", mint: MINT },
  why: { kind: "why", about: SECRET },
  buy: { kind: "buy", mint: MINT, amountText: SECRET },
  sell: { kind: "sell", mint: MINT, percentText: SECRET },
  press: {
    kind: "press",
    callbackQueryId: "1",
    messageId: 2,
    op: "b",
    arg: "",
    ticket: "t",
    tag: "12345678901",
  },
  say: { kind: "say", text: SECRET },
  pause: { kind: "pause" },
  resume: { kind: "resume" },
  panic: { kind: "panic" },
  setTradingState: { kind: "setTradingState", state: "halted", reason: SECRET },
  issueToken: { kind: "issueToken", scopes: [] },
  revokeTokens: { kind: "revokeTokens" },
  reconcile: { kind: "reconcile" },
  setExits: { kind: "setExits", positionId: "pos_aaaaaaaaaaaaaaaa", rulesText: SECRET },
};

type Store = ReturnType<typeof openTestStore>["store"];

async function withStore(use: (store: Store, path: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store } = openTestStore(path);
    await append(store, registered(7), registered(8), said("tg:1:1", TEXT), finished("tg:1:1"));
    await append(store, said("tg:1:2", TEXT), switched);
    await use(store, path);
    store.close();
  });
}

function textsOf(store: Store): string {
  return JSON.stringify(store.eventsFrom(1, 100));
}

describe("what people wrote", () => {
  it("stands in no event and no folded row, and is read as it was", async ({ expect }) => {
    await withStore(async (store, path) => {
      for (const text of [NAME, TEXT, REASON, '"d1"']) expect(textsOf(store)).not.toContain(text);
      const other = new DatabaseSync(path, { readOnly: true });
      for (const table of ["jobs", "users", "control"]) {
        const rows = JSON.stringify(other.prepare(`select * from ${table}`).all());
        for (const text of [NAME, TEXT, REASON]) expect(rows).not.toContain(text);
      }
      other.close();
      expect(store.user(7)?.name).toBe(NAME);
      expect(store.users().map(({ name }) => name)).toEqual([NAME, NAME]);
      expect(store.control().reason).toBe(REASON);
      expect(store.job("tg:1:1")).toMatchObject({ digest: "d1", job: { text: TEXT } });
      expect(store.pendingJobs()[0]?.job).toMatchObject({ text: TEXT, actor: { name: NAME } });
      const revealed = store.eventsFrom(1, 100).map((event) => store.reveal(event));
      expect(revealed[2]?.payload).toEqual(said("tg:1:1", TEXT).payload);
    });
  });

  it("may be in any word of any command, and none of them reaches the journal", async ({
    expect,
  }) => {
    await withStore(async (store) => {
      for (const [n, typed] of Object.values(TYPED).entries()) {
        const actor = { kind: "telegram" as const, userId: 7, chatId: 7, name: SECRET };
        const jobId = `tg:3:${n}`;
        const job: Job = { id: jobId, actor, createdMs: START_MS, ...typed };
        const payload = { jobId, digest: "d1", userId: 7, kind: job.kind, deadlineMs: null, job };
        await append(store, { stream: `job:${jobId}`, kind: "JobAccepted", payload });
        expect(store.job(jobId)?.job).toEqual(job);
      }
      expect(textsOf(store)).not.toContain(SECRET);
    });
  });

  it("has another digest every time, so that equal texts do not show", async ({ expect }) => {
    await withStore(async (store) => {
      const digests = textsOf(store).match(/~\w+\.[\w-]{43}/g) ?? [];
      expect(digests).toHaveLength(9);
      expect(new Set(digests).size).toBe(9);
    });
  });

  it("stays in the journal where it is a plain amount, which replay decides by", async ({
    expect,
  }) => {
    await withStore(async (store) => {
      for (const [n, text] of ["0.5", "25 %", "all", "1,000"].entries()) {
        await append(store, said(`tg:2:${n}`, text));
        expect(textsOf(store)).toContain(`"text":"${text}"`);
      }
    });
  });

  it("is missed by verify when it was altered", async ({ expect }) => {
    await withStore(async (_store, path) => {
      const other = new DatabaseSync(path);
      other.exec(`update texts set body = 'somebody else' where body = '${NAME}'`);
      other.close();
      expect(verifyJournal(path).problem).toMatchObject({ kind: "text" });
    });
  });
});

describe("a purge", () => {
  it("removes one person's texts and messages, and the journal holds before and after", async ({
    expect,
  }) => {
    await withStore(async (store, path) => {
      const content = { text: `Hello ${NAME}`, entities: [], keyboard: [] };
      const row = { content, view: { kind: "notice" as const } };
      await store.transact((tx) => {
        tx.putOutbox({ key: "told", chatId: 7, ...row });
        tx.markOutboxDelivered("told", 1, 5);
        tx.putOutbox({ key: "waiting", chatId: 7, ...row });
      });
      expect(verifyJournal(path).problem).toBeNull();
      expect(await purgePerson(store, 7)).toBe(5);
      expect(verifyJournal(path).problem).toBeNull();
      expect(store.user(7)?.name).toBe("trader");
      expect(store.control().reason).toBe("removed");
      expect(store.job("tg:1:1")).toMatchObject({ digest: "", job: { text: "removed" } });
      expect([store.outbox("told"), store.outbox("waiting")?.key]).toEqual([undefined, "waiting"]);
      expect(store.eventsFrom(7, 1)[0]).toMatchObject({
        kind: "PersonPurged",
        payload: { userId: 7, texts: 5 },
      });
    });
  });

  it("removes what /why was asked from under its answer too", async ({ expect }) => {
    await withStore(async (store) => {
      const view = { kind: "why" as const, id: SECRET, page: 0 };
      await store.transact((tx) => {
        for (const chatId of [7, 8]) {
          const content = { text: "Nothing of yours", entities: [], keyboard: [] };
          tx.putOutbox({ key: `why:${chatId}`, chatId, content, view });
          tx.markOutboxDelivered(`why:${chatId}`, 1, 44);
        }
      });
      await purgePerson(store, 7);
      expect([store.viewOf(7, 44), store.viewOf(8, 44)]).toEqual([undefined, view]);
    });
  });

  it("leaves others alone, and what an unfinished job of this person still needs", async ({
    expect,
  }) => {
    await withStore(async (store) => {
      await purgePerson(store, 7);
      expect(store.user(8)?.name).toBe(NAME);
      expect(store.job("tg:1:2")).toMatchObject({ digest: "d1", job: { text: TEXT } });
      await append(store, finished("tg:1:2"));
      expect(await purgePerson(store, 7)).toBe(3);
      expect(store.job("tg:1:2")).toMatchObject({ digest: "", job: { text: "removed" } });
    });
  });

  it("leaves no readable copy in the file of a stopped executor", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, registered(7), said("tg:1:1", TEXT), finished("tg:1:1"));
      store.close();
      const seams = { clock: new StepClock(), ids: testIds, log: quietLog, onFatal: () => {} };
      expect(await purgePersonAt({ path, release: "test", ...seams }, 7)).toBe(4);
      const bytes = readFileSync(path);
      expect([bytes.includes(NAME), bytes.includes(TEXT)]).toEqual([false, false]);
      expect(verifyJournal(path)).toMatchObject({ events: 4, problem: null });
    });
  });
});

import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { SCHEMA_VERSION } from "./migrations.ts";
import { makeNextRelease, REPOSITORY } from "./next-release-fixture.ts";
import { withDirectory } from "./store-fixture.ts";

const TURNS = 6;
/** Acknowledged commits after which a turn is killed, in the middle of the next ones. */
const ACKS_PER_TURN = 5;

/** Writes until it is killed; the next release tells nicknames, which this one knows nothing of. */
const WRITER = `
  const [root, path, turn, isNext] = process.argv.slice(1);
  const { append, jobAccepted, openTestStore, userRegistered } =
    await import(root + "/executor/store/store-fixture.ts");
  const { writeSync } = await import("node:fs");
  const { store } = openTestStore(path);
  await append(store, userRegistered);
  for (let n = 1; ; n++) {
    const events = [jobAccepted("tg:" + turn + ":" + n)];
    const payload = { userId: 7, nick: "nick " + turn };
    if (isNext === "true") events.push({ stream: "user:7", kind: "UserNicknamed", payload });
    await append(store, ...events);
    writeSync(1, "ACK " + n + "\\n");
  }
`;

const VERIFIER = `
  const [root, path] = process.argv.slice(1);
  const { verifyJournal } = await import(root + "/executor/store/verify.ts");
  console.log(JSON.stringify(verifyJournal(path)));
`;

function argumentsOf(script: string, ...values: string[]): string[] {
  return ["--input-type=module", "-e", script, ...values];
}

/** One release writes and is killed. @returns how many commits it had acknowledged. */
async function write(root: string, path: string, turn: number, isNext: boolean): Promise<number> {
  const values = [root, path, String(turn), String(isNext)];
  const flags = argumentsOf(WRITER, ...values);
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line.split(" ")[1]);
    if (acknowledged === ACKS_PER_TURN) child.kill("SIGKILL");
  }
  return acknowledged;
}

function verifyBy(root: string, path: string): { problem: unknown; isFoldedElsewhere: boolean } {
  const result = spawnSync(process.execPath, argumentsOf(VERIFIER, root, path));
  return JSON.parse(result.stdout.toString()) as ReturnType<typeof verifyBy>;
}

function look(path: string, sql: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  } finally {
    database.close();
  }
}

describe("this release and the next one", () => {
  it("take turns on one journal, each killed, and verify holds for both every time", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const next = makeNextRelease(join(directory, "next"));
      const path = join(directory, "journal.db");
      const nicknames: number[] = [];
      for (let turn = 1; turn <= TURNS; turn++) {
        const isNext = turn % 2 === 0;
        const [ours, theirs] = isNext ? [next, REPOSITORY] : [REPOSITORY, next];
        expect(await write(ours, path, turn, isNext)).toBeGreaterThanOrEqual(ACKS_PER_TURN);
        expect(verifyBy(ours, path)).toMatchObject({ problem: null, isFoldedElsewhere: false });
        expect(verifyBy(theirs, path)).toMatchObject({ problem: null, isFoldedElsewhere: true });
        const jobs = look(path, `select job_id from jobs where job_id like 'tg:${turn}:%'`);
        expect(jobs.length).toBeGreaterThanOrEqual(ACKS_PER_TURN);
        const told = look(path, "select count(*) from journal where kind = 'UserNicknamed'");
        nicknames.push(Number(told[0]));
        // Made anew from the events when its release returns, whatever happened in between.
        if (isNext) expect(look(path, "select nick from users")).toEqual([`nick ${turn}`]);
      }
      expect(look(path, "select value from meta where key = 'schema'")).toEqual([
        String(SCHEMA_VERSION + 1),
      ]);
      expect(look(path, "select name from pragma_table_info('tickets')")).toContain("place");
      expect(nicknames.every((count, at) => count >= (nicknames[at - 1] ?? 0))).toBe(true);
      expect(nicknames.at(-1)).toBeGreaterThanOrEqual((TURNS / 2) * ACKS_PER_TURN);
    });
  }, 90_000);
});

import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { NewEvent } from "@raptor/shared/domain/events.ts";
import type { Store } from "../ports/store.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

/** What one person or process tries; many of them contradict what came before. */
type Step =
  | { kind: "unit"; events: NewEvent[]; throws: boolean }
  | { kind: "commit" }
  | { kind: "crash" }
  | { kind: "restart" };

const eventArbitrary: fc.Arbitrary<NewEvent> = fc
  .tuple(fc.nat({ max: 7 }), fc.nat({ max: 3 }), fc.integer({ min: 1, max: 2 }))
  .map(([choice, order, n]) => makeEvent(choice, `o${order}`, n));

function makeEvent(choice: number, orderId: string, n: number): NewEvent {
  const stream = `order:${orderId}`;
  const attemptId = `${orderId}/${n}`;
  if (choice === 0) return jobAccepted(`tg:1:${orderId.slice(1)}`);
  if (choice === 1) return userRegistered;
  if (choice === 2) return orderInitialized(orderId);
  if (choice === 3) return attemptPrepared(orderId, n);
  if (choice === 4) return fillRecorded(orderId, n);
  if (choice === 5) return { stream, kind: "AttemptDead", payload: { attemptId, proof: {} } };
  if (choice === 6) {
    return { stream, kind: "AttemptUnknown", payload: { attemptId, cause: "silence" } };
  }
  const payload = { orderId, status: "expired" as const, reason: "late" };
  return { stream, kind: "OrderClosed", payload };
}

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("unit" as const),
      events: fc.array(eventArbitrary, { minLength: 1, maxLength: 3 }),
      throws: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "commit" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "crash" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
);

/** What the journal must hold: the events of every unit that was told of success, in order. */
class World {
  readonly #directory: string;
  #generation = 0;
  #opened: ReturnType<typeof openTestStore>;
  #pending: Promise<void>[] = [];
  readonly committed: string[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.#opened = openTestStore(this.path);
  }

  get path(): string {
    return join(this.#directory, `journal-${this.#generation}.db`);
  }

  get store(): Store {
    return this.#opened.store;
  }

  try(events: NewEvent[], throws: boolean): void {
    const generation = this.#generation;
    const done = this.store
      .transact((tx) => {
        for (const event of events) tx.append(event);
        if (throws) throw new Error("changed its mind");
      })
      .then(
        () => {
          // What the dead process would still have said, nobody hears.
          if (generation !== this.#generation) return;
          this.committed.push(...events.map((event) => event.kind));
        },
        () => undefined,
      );
    this.#pending.push(done);
  }

  async commit(): Promise<void> {
    await Promise.all(this.#pending);
    this.#pending = [];
  }

  /** The power fails now: what is on disk is taken along, the process is not asked. */
  async crash(): Promise<void> {
    const before = this.path;
    this.#generation++;
    copyFileSync(before, this.path);
    if (existsSync(`${before}-wal`)) copyFileSync(`${before}-wal`, `${this.path}-wal`);
    this.store.close();
    await this.commit();
    this.#opened = openTestStore(this.path);
  }

  async restart(): Promise<void> {
    this.store.close();
    await this.commit();
    this.#opened = openTestStore(this.path);
  }
}

describe("the store under any sequence of units, crashes and restarts", () => {
  it("holds exactly what was acknowledged, folded as the journal says", async ({ expect }) => {
    const property = fc.asyncProperty(
      fc.array(stepArbitrary, { minLength: 5, maxLength: 40 }),
      (steps) =>
        withDirectory(async (directory) => {
          const world = new World(directory);
          for (const step of steps) {
            if (step.kind === "unit") world.try(step.events, step.throws);
            else await world[step.kind]();
            if (step.kind === "unit") continue;
            const events = world.store.eventsFrom(1, 1_000);
            expect(events.map((event) => event.kind)).toEqual(world.committed);
            expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
          }
          await world.restart();
          const slots = world.store.unresolvedAttempts().map((attempt) => attempt.slot);
          expect(new Set(slots).size).toBe(slots.length);
          world.store.close();
          expect(verifyJournal(world.path)).toMatchObject({
            problem: null,
            events: world.committed.length,
          });
        }),
    );
    await fc.assert(property, { seed: 20_261, numRuns: 25 });
  });

  it("takes along every acknowledged unit in a copy made at that very moment", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      for (let n = 1; n <= 20; n++) {
        await append(store, jobAccepted(`tg:1:${n}`));
        const copy = join(directory, `copy-${n}.db`);
        copyFileSync(join(directory, "journal.db"), copy);
        copyFileSync(join(directory, "journal.db-wal"), `${copy}-wal`);
        const reopened = openTestStore(copy);
        expect(reopened.store.headSeq()).toBe(n);
        expect(reopened.store.job(`tg:1:${n}`)?.state).toBe("pending");
        reopened.store.close();
      }
      store.close();
    });
  });
});

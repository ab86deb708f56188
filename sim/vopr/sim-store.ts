import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Store, Tx } from "@raptor/executor/ports/store.ts";
import { openStore } from "@raptor/executor/store/sqlite-store.ts";
import type { JournalMemory } from "./journal-memory.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

export interface SimStoreOptions {
  world: World;
  process: SimProcess;
  /** The disk of the machine: what it holds outlives every process. */
  journal: JournalMemory;
  clock: Clock;
  ids: IdSource;
  log: Log;
  onFatal(error: unknown): void;
  onCommit(events: readonly JournalEvent[]): void;
  /** Asked at every group commit. */
  crash(): "before" | "after" | undefined;
  onCrash(): void;
  diskTrouble(): DiskTrouble | undefined;
}

export type DiskTrouble = "full" | "readOnly";

/** What SQLite itself says of such a disk. */
const SQLITE_CODES: Readonly<Record<DiskTrouble, number>> = { full: 13, readOnly: 8 };

/** Thrown inside a unit of work that outlived its process: it leaves nothing behind. */
class Dead extends Error {}

/** The real journal with the deaths, stalls and full disks of one simulated process around it. */
export function openSimStore(options: SimStoreOptions): Store {
  const { world, process, journal, clock, log, onFatal } = options;
  const inner = openStore({
    path: journal.path,
    connect: () => journal.connect(),
    clock,
    ids: options.ids,
    log,
    release: "sim",
    onFatal,
    defer: (task) =>
      void world.after(0, () =>
        process.enter(() => {
          const crash = options.crash();
          if (crash !== "before") task();
          if (crash !== undefined) options.onCrash();
        }),
      ),
  });
  inner.onCommit(options.onCommit);

  function transact<T>(work: (tx: Tx) => T): Promise<T> {
    const done = inner.transact((tx) => {
      if (!process.isAlive) throw new Dead();
      return work(tx);
    });
    const trouble = options.diskTrouble();
    if (trouble !== undefined) void inner.transact(() => meetDisk(trouble)).catch(() => undefined);
    return process.guard(done);
  }

  const methods = new Map<string | symbol, unknown>();
  return new Proxy(inner, {
    get(target, name) {
      if (name === "transact") return transact;
      const known = methods.get(name);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const bound: unknown = value.bind(target);
      methods.set(name, bound);
      return bound;
    },
  });
}

/** Behind the work of others in the same group, so that the real journal takes all of it back. */
function meetDisk(trouble: DiskTrouble): never {
  const code = "ERR_SQLITE_ERROR";
  throw Object.assign(new Error(`disk ${trouble}`), { code, errcode: SQLITE_CODES[trouble] });
}

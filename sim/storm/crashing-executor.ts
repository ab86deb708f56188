import { readFileSync, writeFileSync } from "node:fs";
import type { JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import type { Net, NetRequest } from "@raptor/shared/seams/net.ts";
import {
  createExecutor as createRealExecutor,
  type Executor,
  type ExecutorSeams,
} from "@raptor/executor/create-executor.ts";
import type { Store, Tx } from "@raptor/executor/ports/store.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { markOf, type CrashCall, type CrashPlan } from "./crash-points.ts";

export type { Executor };

/** The real executor behind a store and a network that kill the process at the planned point. */
export function createExecutor(seams: ExecutorSeams): Executor {
  const plan = readPlan();
  if (plan === undefined) return createRealExecutor(seams);
  const trap = new Trap(plan);
  const store = withTrap(seams.store, trap);
  return createRealExecutor({ ...seams, store, net: netWithTrap(seams.net, trap) });
}

function readPlan(): CrashPlan | undefined {
  const text = readFileSync(planFile(), "utf8");
  return text === "" ? undefined : (JSON.parse(text) as CrashPlan);
}

function planFile(): string {
  const path = process.env["CRASH_PLAN"];
  assert(path !== undefined, "a desk with crash points is told where its plan is");
  return path;
}

class Trap {
  readonly #plan: CrashPlan;
  #hits = 0;

  constructor(plan: CrashPlan) {
    this.#plan = plan;
  }

  isAt(when: CrashPlan["when"], what: string): boolean {
    const { when: plannedWhen, what: plannedWhat, hit } = this.#plan;
    if (plannedWhen !== when || plannedWhat !== what) return false;
    this.#hits += 1;
    return this.#hits >= hit;
  }
}

/**
 * SIGKILL, so that no handler, no finally block and no buffer of the process has a say. The mark
 * beside the plan tells a death that was planned from one that was not.
 */
function die(): never {
  writeFileSync(markOf(planFile()), "");
  process.kill(process.pid, "SIGKILL");
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

function withTrap(store: Store, trap: Trap): Store {
  store.onCommit((events: readonly JournalEvent[]) => {
    for (const { kind } of events) if (trap.isAt("after", kind)) die();
  });
  const transact = <T>(work: (tx: Tx) => T): Promise<T> =>
    store.transact((tx) => {
      let isTrapped = false;
      const append = (event: NewEvent): void => {
        tx.append(event);
        isTrapped ||= trap.isAt("before", event.kind);
      };
      const result = work(withMethod(tx, "append", append));
      if (isTrapped) die();
      return result;
    });
  return withMethod(store, "transact", transact);
}

/** The same object with one method replaced; private fields need the object itself as `this`. */
function withMethod<T extends object>(target: T, name: keyof T, method: unknown): T {
  return new Proxy(target, {
    get(object, key) {
      if (key === name) return method;
      const value: unknown = Reflect.get(object, key, object);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

function netWithTrap(net: Net, trap: Trap): Net {
  return {
    connect: (url, handlers) => net.connect(url, handlers),
    async fetch(request) {
      const call = callOf(request);
      if (call !== undefined && trap.isAt("before", call)) die();
      const response = await net.fetch(request);
      if (call !== undefined && trap.isAt("after", call)) die();
      return response;
    },
  };
}

function callOf({ url, body = "" }: NetRequest): CrashCall | undefined {
  if (body.includes('"sendTransaction"')) return "submit";
  if (/\/(sendMessage|editMessageText)$/.test(url)) return "notice";
  if (/\/(build|order|swap|quote)\b/.test(new URL(url).pathname)) return "quote";
  return undefined;
}

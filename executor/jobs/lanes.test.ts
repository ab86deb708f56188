import { describe, it } from "vitest";
import { LANE_TASKS_MAX, Lanes } from "./lanes.ts";

/** Tasks that a test finishes by hand; remembers when each one began. */
class Bench {
  readonly begun: string[] = [];
  readonly fatal: unknown[] = [];
  readonly lanes: Lanes;
  readonly #finish = new Map<string, (error?: Error) => void>();

  constructor(lanesMax: number) {
    this.lanes = new Lanes(lanesMax, (error) => this.fatal.push(error));
  }

  add(key: string, name: string, isUrgent = false): void {
    const run = (): Promise<void> => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.#finish.set(name, (error) => (error === undefined ? resolve() : reject(error)));
      });
    };
    this.lanes.enqueue(key, { isUrgent, run });
  }

  async finish(name: string, error?: Error): Promise<void> {
    const finish = this.#finish.get(name);
    if (finish === undefined) throw new Error(`${name} has not begun`);
    this.#finish.delete(name);
    finish(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("lanes", () => {
  it("runs one person's tasks one after the other, in order", async ({ expect }) => {
    const bench = new Bench(4);
    for (const name of ["a1", "a2", "a3"]) bench.add("a", name);
    expect(bench.begun).toEqual(["a1"]);
    await bench.finish("a1");
    await bench.finish("a2");
    expect(bench.begun).toEqual(["a1", "a2", "a3"]);
  });

  it("runs different people side by side, up to its limit", async ({ expect }) => {
    const bench = new Bench(2);
    for (const key of ["a", "b", "c"]) bench.add(key, `${key}1`);
    expect(bench.begun).toEqual(["a1", "b1"]);
    await bench.finish("b1");
    expect(bench.begun).toEqual(["a1", "b1", "c1"]);
  });

  it("lets nobody keep a place while others wait", async ({ expect }) => {
    const bench = new Bench(1);
    for (const name of ["a1", "a2", "a3"]) bench.add("a", name);
    bench.add("b", "b1");
    bench.add("c", "c1");
    for (const name of ["a1", "b1", "c1", "a2"]) await bench.finish(name);
    expect(bench.begun).toEqual(["a1", "b1", "c1", "a2", "a3"]);
  });

  it("lets an urgent task overtake, even when every place is taken", async ({ expect }) => {
    const bench = new Bench(1);
    bench.add("a", "a1");
    bench.add("a", "a2");
    bench.add("b", "b1");
    bench.add("a", "sell", true);
    bench.add("b", "panic", true);
    expect(bench.begun).toEqual(["a1", "sell", "panic"]);
  });

  it("keeps urgent tasks of one person in order", async ({ expect }) => {
    const bench = new Bench(1);
    bench.add("a", "sell", true);
    bench.add("a", "panic", true);
    expect(bench.begun).toEqual(["sell"]);
    await bench.finish("sell");
    expect(bench.begun).toEqual(["sell", "panic"]);
  });

  it("goes on after a task that fails, and reports the failure", async ({ expect }) => {
    const bench = new Bench(1);
    bench.add("a", "a1");
    bench.add("a", "a2");
    bench.add("a", "sell", true);
    bench.add("a", "panic", true);
    await bench.finish("a1", new Error("task"));
    await bench.finish("sell", new Error("urgent"));
    expect(bench.begun).toEqual(["a1", "sell", "a2", "panic"]);
    expect(bench.fatal.map(String)).toEqual(["Error: task", "Error: urgent"]);
  });

  it("is full for one person at its limit, and not for the others", async ({ expect }) => {
    const bench = new Bench(1);
    for (let n = 0; n < LANE_TASKS_MAX; n++) bench.add("a", `a${n}`);
    expect(bench.lanes.isFull("a")).toBe(false);
    bench.add("a", "last");
    expect(bench.lanes.isFull("a")).toBe(true);
    expect(bench.lanes.isFull("b")).toBe(false);
    await bench.finish("a0");
    expect(bench.lanes.isFull("a")).toBe(false);
  });

  it("begins nothing more when it stops, and waits for what has begun", async ({ expect }) => {
    const bench = new Bench(1);
    bench.add("a", "a1");
    bench.add("a", "a2");
    bench.add("b", "b1");
    bench.add("a", "sell", true);
    bench.add("a", "panic", true);
    let isStopped = false;
    const stopped = bench.lanes.stop().then(() => (isStopped = true));
    bench.add("c", "c1");
    bench.add("c", "c2", true);
    await bench.finish("a1");
    expect(isStopped).toBe(false);
    await bench.finish("sell");
    await stopped;
    expect(bench.begun).toEqual(["a1", "sell"]);
  });
});

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What the kernel counts in, per second. */
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export function rssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** Processor time of a process so far, its threads included. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name may hold spaces and brackets; what follows it is plain.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** A histogram of `/metrics`: how many observations were at most so large, by bound. */
export type Buckets = ReadonlyMap<number, number>;

export async function readBuckets(metricsPort: number, name: string): Promise<Buckets> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const buckets = new Map<number, number>();
  for (const [, bound = "", count] of text.matchAll(
    new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\d+)`, "gm"),
  )) {
    buckets.set(bound === "+Inf" ? Infinity : Number(bound), Number(count));
  }
  if (buckets.size === 0) throw new Error(`/metrics has no histogram ${name}`);
  return buckets;
}

/** The bound below which this share of what was observed between two looks lies. */
export function boundOf(before: Buckets, after: Buckets, share: number): number {
  const since = (bound: number): number => (after.get(bound) ?? 0) - (before.get(bound) ?? 0);
  const wanted = share * since(Infinity);
  for (const bound of after.keys()) if (since(bound) >= wanted) return bound;
  return Infinity;
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TableNode } from "../sim/servers/table-node/table-node.ts";
import { figureOf, type Figure } from "./figures.ts";

const ADDRESS = "11111111111111111111111111111112";
const DATA = Buffer.alloc(150, 5).toString("base64");
const WARM_UPS = 50;
const PIPE_FD = 4;
const FLOOR = join(import.meta.dirname, "floor");

/**
 * What this machine takes for the hops of an exit alone: notification in, a signature in a process
 * of its own, one synced write, the bytes out. Whatever an exit takes beyond it is our own work.
 */
export async function runExitFloor(samples: number, pauseMs: number): Promise<Figure[]> {
  const node = new TableNode();
  await node.start();
  node.set(ADDRESS, { owner: ADDRESS, lamports: 1, data: DATA });
  const folder = mkdtempSync(join(tmpdir(), "raptor-floor-"));
  const signer = startPart("floor-signer.ts", [], "pipe");
  const pipe = signer.stdio[PIPE_FD];
  const main = startPart("floor-main.ts", [node.url, ADDRESS, join(folder, "log")], pipe);
  try {
    while (node.subscriptionCount === 0) await pause(20);
    await measure(node, WARM_UPS, 5);
    const apart = await measure(node, samples, pauseMs);
    const atOnce = await measure(node, samples, 0);
    return [
      figureOf(`the hops of an exit alone, ${pauseMs} ms apart`, apart),
      figureOf("the same, one right after the other", atOnce),
    ];
  } finally {
    for (const part of [main, signer]) part.kill();
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startPart(file: string, args: readonly string[], pipe: unknown): ChildProcess {
  return spawn(process.execPath, [join(FLOOR, file), ...args], {
    stdio: ["ignore", "inherit", "inherit", "ignore", pipe as "pipe"],
  });
}

async function measure(node: TableNode, count: number, pauseMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const arrived = new Promise<bigint>((resolve) => {
      node.onTransaction = (_payload, atNs) => resolve(atNs);
    });
    const frames = node.framesOf(ADDRESS, node.slot);
    const startNs = process.hrtime.bigint();
    for (const { socket, text } of frames) socket.send(text);
    times.push(Number((await arrived) - startNs) / 1e6);
    await pause(pauseMs);
  }
  return times;
}

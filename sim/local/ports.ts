import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below 32,768, where the kernel takes the local ports of outgoing connections and of servers that
 * ask for any port: one of those could take a port of ours before its owner listens.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const TRIES_MAX = 1_000;

/** Loopback ports that nobody listens on, all different. */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === TRIES_MAX) throw new Error(`no ${count} free ports after ${tries} tries`);
    // Chance of the machine, not of the seed: worlds of one seed may run side by side.
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/**
 * A process that takes the lease and holds it, for the measurement of handovers. Arguments: the
 * database, the data directory, the machine, the TTL. Prints `held <epoch> <wall ms>`.
 */
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { Lease } from "@raptor/executor/lease/lease.ts";
import { createPostgresLease } from "@raptor/executor/lease/postgres-lease.ts";
import { readVolumeIdentity } from "@raptor/executor/lease/volume-identity.ts";
import { createNodeClock, createNodeIds } from "@raptor/executor/server/node-seams.ts";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";

const [connectionString = "", directory = "", machine = "", ttlText = ""] = process.argv.slice(2);
const ttlMs = Number(ttlText);
const clock = createNodeClock();
const ids = createNodeIds();
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const lease = new Lease({
  database: createPostgresLease(createNodePostgres({ connectionString, clock }), 1_000),
  clock,
  log: { debug() {}, info() {}, warn() {}, error() {} },
  identity: { holder: ids.token(12), volume: readVolumeIdentity(directory, ids), machine },
  settings: { renewMs: ttlMs / 5, ttlMs },
  journalEpoch: () => 0,
  onState: (state, reason) => print(`state ${state} ${reason}`),
});
process.on("SIGTERM", () => {
  void lease.release(0).then(() => process.exit(0));
});
try {
  print(`waiting ${clock.nowMs()}`);
  const outcome = await lease.take({ waitMsMax: 120_000, reachMsMax: 60_000 });
  lease.start();
  print(
    `${outcome.outcome === "taken" ? "held" : outcome.outcome} ${lease.epoch} ${clock.nowMs()}`,
  );
} catch (error) {
  if (!isRaptorError(error)) throw error;
  print(`failed ${error.message}`);
}

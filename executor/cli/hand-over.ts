import { takeOver } from "../lease/take-over.ts";
import { createPostgresLease } from "../lease/postgres-lease.ts";
import { readMachineIdentity } from "../lease/machine-identity.ts";
import { readVolumeIdentity } from "../lease/volume-identity.ts";
import { createNodeIds } from "../server/node-seams.ts";
import { createNodePostgres } from "../server/node-postgres.ts";
import { databaseUrlOf, type Command } from "./command.ts";

const TTL_DEFAULT_MS = 120_000;
const ANSWER_MS = 5_000;
const HOLDER_BYTES = 12;
/** Between two lines that tell how long it still takes. */
const TELL_MS = 15_000;

/**
 * Runs `putBack` as the middle of a take-over where a database keeps the lease: the executor before
 * is fenced first, so that nothing is added to the copy while it is read. Without a database it
 * only runs it; the lock file of this volume is then all that there is.
 */
export async function handOver<T>(
  command: Command,
  fetchCopiedSeq: () => Promise<number>,
  putBack: () => Promise<T>,
): Promise<T> {
  const { env, clock, print, dataDir } = command;
  const connectionString = databaseUrlOf(env);
  if (connectionString === "") return putBack();
  const ids = createNodeIds();
  let toldLeftMs = Number.POSITIVE_INFINITY;
  const report = await takeOver({
    database: createPostgresLease(createNodePostgres({ connectionString, clock }), ANSWER_MS),
    clock,
    identity: {
      holder: ids.token(HOLDER_BYTES),
      volume: readVolumeIdentity(dataDir, ids),
      machine: readMachineIdentity(env["FLY_MACHINE_ID"]?.trim()),
    },
    settings: { ttlMs: ttlMsOf(env["LEASE_TTL_MS"]) },
    isOldGone: command.has("old-is-gone"),
    fetchCopiedSeq,
    putBack,
    onWait(leftMs, reason) {
      if (toldLeftMs - leftMs < TELL_MS) return;
      toldLeftMs = leftMs;
      print(`waiting ${Math.ceil(leftMs / 1_000)} s: ${reason}`);
    },
  });
  const { epoch, predecessor, result } = report;
  const old = predecessor === undefined ? "nobody held it" : `epoch ${predecessor.epoch} is fenced`;
  print(`the lease is this volume's now: epoch ${epoch}, ${old}`);
  return result;
}

function ttlMsOf(text: string | undefined): number {
  const given = text?.trim() ?? "";
  return /^\d{4,7}$/.test(given) ? Number(given) : TTL_DEFAULT_MS;
}

import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { ExecutorEnv } from "./env.ts";
import { askOnce, findSibling, type FlyPlace } from "./lease/fly-siblings.ts";
import { judgeClaim } from "./lease/judge-claim.ts";
import { LeaseClaim } from "./lease/lease-claim.ts";
import type { LeaseDatabase, LeaseIdentity, LeaseSettings } from "./lease/lease-database.ts";
import { Lease } from "./lease/lease.ts";
import { createPostgresLease } from "./lease/postgres-lease.ts";
import { SilenceWatch } from "./lease/silence-watch.ts";
import { readMachineIdentity } from "./lease/machine-identity.ts";
import { readVolumeIdentity } from "./lease/volume-identity.ts";
import type { Postgres } from "./ports/postgres.ts";

export interface ClaimDeskParts {
  env: ExecutorEnv;
  clock: Clock;
  log: Log;
  net: Net;
  ids: IdSource;
  postgres: Postgres | undefined;
  /** The newest epoch in the journal. */
  journalEpoch(): number;
}

export type ClaimResult =
  | { outcome: "claimed"; claim: LeaseClaim; release(headSeq: number): Promise<void> }
  | { outcome: "refused"; reason: string; mayStart(): Promise<boolean> };

/** A rolling deploy may drain its predecessor for as long, beyond the TTL of a dead one. */
const DRAIN_ROOM_MS = 30_000;
/** Open positions wait for no longer than this; then exits go on by nonce. */
const REACH_MS = 10_000;
const FLY_ASK_MS = 30_000;
/** An answer of the database that takes longer is a failed renewal. */
const ANSWER_MS_MAX = 5_000;

/** Asks whoever may know whether this is the one executor; the lock file is already held. */
export async function claimDesk(parts: ClaimDeskParts): Promise<ClaimResult> {
  const { env, clock, log, net, journalEpoch } = parts;
  const place = flyPlaceOf(env);
  const deps = { net, clock, log };
  const siblings = place === undefined ? undefined : await findSibling(deps, place, FLY_ASK_MS);
  if (place !== undefined && siblings?.outcome === "sibling") {
    const mayStart = async () => (await askOnce(deps, place)).outcome === "alone";
    return { outcome: "refused", reason: siblings.reason, mayStart };
  }
  const access = leaseAccessOf(parts);
  const lease =
    access === undefined
      ? undefined
      : new Lease({
          ...access,
          clock,
          log,
          journalEpoch,
          onState: (state, reason) => claim.tell(state, reason),
        });
  const sibling =
    place !== undefined && siblings?.outcome === "unknown"
      ? { deps, place, reason: siblings.reason }
      : undefined;
  const claim = new LeaseClaim({ clock, lease, journalEpoch, sibling });
  const waitMsMax = env.LEASE_TTL_MS + DRAIN_ROOM_MS;
  const taken = await lease?.take({ waitMsMax, reachMsMax: REACH_MS });
  if (access !== undefined && taken?.outcome === "refused") {
    const { reason } = taken;
    return { outcome: "refused", reason, mayStart: createRowLook(access, clock) };
  }
  if (taken !== undefined) log.info({ outcome: taken.outcome, epoch: lease?.epoch }, "lease");
  claim.start();
  return { outcome: "claimed", claim, release: async (headSeq) => lease?.release(headSeq) };
}

interface LeaseAccess {
  database: LeaseDatabase;
  identity: LeaseIdentity;
  settings: LeaseSettings;
}

/** Also for `raptor restore`, which hands the lease to this volume. */
export function leaseAccessOf({
  env,
  postgres,
  ids,
}: Pick<ClaimDeskParts, "env" | "postgres" | "ids">): LeaseAccess | undefined {
  if (postgres === undefined) return undefined;
  return {
    database: createPostgresLease(postgres, Math.min(ANSWER_MS_MAX, env.LEASE_RENEW_MS)),
    identity: {
      holder: ids.token(HOLDER_BYTES),
      volume: readVolumeIdentity(env.DATA_DIR, ids),
      machine: readMachineIdentity(env.FLY_MACHINE_ID),
    },
    settings: { renewMs: env.LEASE_RENEW_MS, ttlMs: env.LEASE_TTL_MS },
  };
}

const HOLDER_BYTES = 12;

/** Looks at the row again and again; the other Machine's silence counts over all looks. */
function createRowLook(
  { database, identity, settings }: LeaseAccess,
  clock: Clock,
): () => Promise<boolean> {
  const silence = new SilenceWatch(clock);
  return async () => {
    let session;
    try {
      session = await database.open();
      const row = await session.read();
      const silentMs = silence.silentMs(row);
      const { may } = judgeClaim(row, identity);
      return may === "take" || (may === "wait" && silentMs >= settings.ttlMs);
    } catch (error) {
      if (!isRaptorError(error) || !error.code.startsWith("RAPTOR_POSTGRES")) throw error;
      return false;
    } finally {
      session?.close();
    }
  };
}

function flyPlaceOf(env: ExecutorEnv): FlyPlace | undefined {
  const { FLY_API_HOSTNAME: apiUrl, FLY_APP_NAME: app, FLY_MACHINE_ID: machine } = env;
  const token = env.FLY_READ_TOKEN;
  if (token === undefined || app === undefined || machine === undefined) return undefined;
  return { apiUrl, app, machine, token };
}

import type { AccountUpdate } from "./account-streams.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { AccountFrame } from "./stream-frame.ts";

/** A node went on from `parent` with `slot`: nothing in between is part of its history. */
export interface LeftFork {
  parent: number;
  slot: number;
}

/** One account, and how far its stream can be trusted. */
export interface Watched {
  readonly address: string;
  readonly listeners: Set<(update: AccountUpdate) => void>;
  socket: RpcSocket | undefined;
  /** When it left another connection for this one; undefined: it never did. */
  movedAtMs: number | undefined;
  unsubscribe: () => void;
  /** Since when the node tells of changes, by its slot and our clock; undefined: not yet. */
  active: { slot: number; atMs: number } | undefined;
  /** Read or told of since it is active: nothing lies in a hole before that. */
  isWhole: boolean;
  update: AccountUpdate | undefined;
  /** Its newest state stands on a fork that its node has left; cleared by a state that does not. */
  left: LeftFork | undefined;
  /** When a poll showed what no stream had told. */
  missedAtMs: number | undefined;
  /** When it was last seen to be fresh, or was first watched. */
  lastFreshMs: number;
}

/**
 * Whether a poll closes the hole before the subscription: asked after the node had confirmed it,
 * and answered by a node that had come at least as far. One that lags hides what lies between.
 */
export function isWholeSince(
  { active }: Pick<Watched, "active">,
  slot: number,
  askedAtMs: number,
): boolean {
  return active !== undefined && slot >= active.slot && askedAtMs >= active.atMs;
}

/** Whether a poll shows what a stream without holes should have told before. */
export function isNews(
  { update, isWhole }: Watched,
  { slot, lamports, owner }: AccountFrame,
  bytes: Uint8Array,
): boolean {
  if (!isWhole || update === undefined || slot <= update.slot) return false;
  const isSame = lamports === update.lamports && owner === update.owner;
  return !isSame || Buffer.compare(bytes, update.bytes) !== 0;
}

/**
 * Takes note of a slot that does not stand on the one before it. A state of a slot in between was
 * rolled back; its account is not whole until it is told of, or read, at that slot or later.
 * @returns whether it has to be read.
 */
export function leaveFork(watched: Watched, fork: LeftFork, nowMs: number): boolean {
  const { update, active } = watched;
  if (update === undefined || update.slot <= fork.parent || update.slot >= fork.slot) return false;
  watched.left = fork;
  watched.isWhole = false;
  if (active !== undefined) watched.active = { slot: fork.slot, atMs: nowMs };
  return true;
}

/** Of what was rolled back any other state takes the place, also one of a smaller slot. */
export function isRolledBack({ left }: Pick<Watched, "left">, slot: number): boolean {
  return left !== undefined && slot > left.parent;
}

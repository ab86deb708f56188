import type { RpcSocket } from "./rpc-socket.ts";
import type { AccountFrame } from "./stream-frame.ts";

/** An account as it stands at `slot`, processed: it may still be rolled back. */
export interface AccountUpdate {
  address: string;
  /** Empty when there is no such account. */
  bytes: Uint8Array;
  lamports: bigint;
  owner: string;
  slot: number;
  /** Our monotonic clock at arrival. */
  atMonotonicMs: number;
  /** Read by poll instead of told by a stream; what one poll reads is all of one slot. */
  isSnapshot: boolean;
}

/** Longer than ten thousand subscriptions take, as they are asked for at a pace. */
const MOVE_AGAIN_MS = 10_000;

/** Five slots: what stands on a fork that loses is gone by then as a rule. */
const FORK_MS = 2_000;

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
  /** When a stream last told of it, until a poll of later has shown it: a fork may take it back. */
  toldAtMs: number | undefined;
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

/** Older than what a poll has shown, and something else: the stream is late, which is no life. */
export function isOvertaken(
  { update }: Pick<Watched, "update">,
  { slot }: AccountFrame,
  bytes: Uint8Array,
): boolean {
  return update !== undefined && slot < update.slot && Buffer.compare(bytes, update.bytes) !== 0;
}

/** Whether its own stream has told that the chain went on without the slot of its state. */
export function isSkipped({ socket, update }: Pick<Watched, "socket" | "update">): boolean {
  return update !== undefined && socket?.hasSkipped(update.slot) === true;
}

/**
 * Where all nodes stumble, thousands of accounts that each follow the one that stumbled last would
 * never arrive. Polls carry them meanwhile; a connection that is closed is always left.
 */
export function hasJustMoved(
  { socket, movedAtMs }: Pick<Watched, "socket" | "movedAtMs">,
  nowMs: number,
): boolean {
  if (movedAtMs === undefined || socket?.isFresh(Number.POSITIVE_INFINITY) !== true) return false;
  return nowMs - movedAtMs < MOVE_AGAIN_MS;
}

/** What a stream told so long ago, and no poll has shown since, may have been rolled back. */
export function isUnread({ toldAtMs }: Pick<Watched, "toldAtMs">, nowMs: number): boolean {
  return toldAtMs !== undefined && nowMs - toldAtMs >= FORK_MS;
}

/** Whether a poll shows what became of that: asked late enough, of a node that had come as far. */
export function isShownBy(
  { toldAtMs, update }: Pick<Watched, "toldAtMs" | "update">,
  slot: number,
  askedAtMs: number,
): boolean {
  return isUnread({ toldAtMs }, askedAtMs) && slot >= (update?.slot ?? 0);
}

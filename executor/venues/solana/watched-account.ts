import type { AccountUpdate } from "./account-streams.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { AccountFrame } from "./stream-frame.ts";

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

import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import type { Lifetime, PrepareOutcome, Route } from "../ports/venue.ts";
import { chooseLifetime } from "./attempt-lifetime.ts";
import type { EngineContext } from "./context.ts";
import { isValueSpent } from "./nonce-accounts.ts";

/** What an attempt is made of. */
export interface Goods {
  wallet: WalletRow;
  wrapped: string;
  route: Route;
}

export type Preparation =
  | { kind: "made"; prepared: PrepareOutcome; joins: string | undefined }
  | { kind: "wait"; cause: string };

/**
 * Has the venue build and sign an attempt. A nonce that cannot be used right now never keeps an
 * exit: it goes out by blockhash then, unless blockhashes are held. `without`: nonces of which the
 * chain shows a value that was used up before; they are passed by.
 */
export async function prepareAttempt(
  context: EngineContext,
  order: OrderRow,
  goods: Goods,
  n: number,
  without: ReadonlySet<string> = new Set(),
): Promise<Preparation> {
  const { store, venue, log } = context;
  const { wallet, wrapped, route } = goods;
  const choice = chooseLifetime(context, order, without);
  if (choice.kind === "wait") return choice;
  const { lifetime, joins, copies } = choice;
  // What joins a group must bid more than everything in it, whichever order that belongs to.
  const bid = Math.max(n, copies + 1);
  const prepare = (wanted: Lifetime): Promise<PrepareOutcome> =>
    venue.prepare(order, wallet, wrapped, route, bid, wanted);
  if (lifetime.kind === "blockHeight" || joins !== undefined) {
    return { kind: "made", prepared: await prepare(lifetime), joins };
  }
  let problem: string;
  try {
    const prepared = await prepare(lifetime);
    if (prepared.outcome === "prepared" && isValueSpent(store, prepared.attempt.exclusionGroup)) {
      const { account } = lifetime;
      log.warn({ orderId: order.orderId, account }, "its nonce stands where it stood before");
      return await prepareAttempt(context, order, goods, n, new Set([...without, account]));
    }
    const isTooLong = prepared.outcome === "refused" && prepared.onlyNonceTooLong === true;
    if (!isTooLong) return { kind: "made", prepared, joins };
    problem = prepared.reason;
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_VENUE__UNAVAILABLE")) throw error;
    problem = sentenceOf(error);
  }
  log.info({ orderId: order.orderId, account: lifetime.account, problem }, "goes without a nonce");
  const hold = context.blockhashHold();
  if (hold !== undefined) return { kind: "wait", cause: `${hold} ${problem}` };
  return { kind: "made", prepared: await prepare({ kind: "blockHeight" }), joins };
}

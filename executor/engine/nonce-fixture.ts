import { FINAL_ORDER_STATUSES } from "@raptor/shared/domain/order.ts";
import type { PositionRow } from "@raptor/shared/domain/rows.ts";
import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { SETTINGS, WALLET_ID, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { isUnresolved } from "./nonce-accounts.ts";
import { chainOf, startBuy, USER } from "./trade-fixture.ts";

/** Settings of a desk whose exits stand on nonces. */
export const NONCE_SETTINGS = { ...SETTINGS, nonceAccountsMax: 3 };

/** A desk that uses nonces, and its chain; comes before anything is traded. */
export async function nonceChainOf(desk: TestDesk, over = {}): Promise<FakeChain> {
  desk.settings = { ...NONCE_SETTINGS, ...over };
  desk.kill();
  await desk.boot();
  const chain = chainOf(desk);
  answerFrom(desk, chain);
  return chain;
}

/** Everything is answered from the chain, finality included. */
export function answerFrom(desk: TestDesk, chain: FakeChain): void {
  desk.venue.script = {
    ...chain.script(),
    fetchSettlement: (identity) => chain.settlement(identity),
  };
}

/** A position whose buy waited for the accounts of its exit, and may still be taken back. */
export async function freshPosition(desk: TestDesk, chain: FakeChain): Promise<PositionRow> {
  await startBuy(desk);
  await desk.clock.advance(1_000);
  chain.land();
  await desk.clock.advance(1_000);
  const position = desk.store.openPositions(USER)[0];
  if (position === undefined) throw new Error("expected the buy to open a position");
  chain.slot += 10;
  return position;
}

/** A position whose buy is final and settled: every nonce account is free again. */
export async function settledPosition(desk: TestDesk, chain: FakeChain): Promise<PositionRow> {
  const position = await freshPosition(desk, chain);
  chain.finalize();
  desk.engine.settlement.start();
  await desk.clock.advance(6_000);
  return position;
}

/** The states of all attempts by order, oldest first. */
export function statesOf(desk: TestDesk, orderId: string): string[] {
  return desk.store.attemptsOf(orderId).map(({ state }) => state);
}

export function noncesOf(desk: TestDesk): string[] {
  return desk.store.nonceAccounts(WALLET_ID).map(({ state }) => state);
}

/** What must be true at every moment, whatever was done. */
export function problemsOf(desk: TestDesk, chain: FakeChain): string[] {
  const { store } = desk;
  const problems: string[] = [];
  const attempts = desk.payloads("AttemptPrepared").map(({ attemptId }) => attemptId);
  const groups = new Set(attempts.map((id) => store.attempt(id)?.exclusionGroup ?? ""));
  for (const group of groups) {
    const fills = store
      .attemptsOfGroup(group)
      .filter(({ attemptId }) => store.fillOfAttempt(attemptId) !== undefined);
    if (fills.length > 1) problems.push(`${group} has ${fills.length} fills`);
  }
  for (const { orderId } of desk.payloads("OrderInitialized")) {
    const order = store.order(orderId);
    const isEnded =
      order !== undefined &&
      order.status !== "filled" &&
      FINAL_ORDER_STATUSES.includes(order.status);
    if (isEnded && store.attemptsOf(orderId).some(isUnresolved)) {
      problems.push(`${orderId} is ${order.status} with an undecided attempt`);
    }
    const effects = chain.effects.filter((one) => one.orderId === orderId);
    if (effects.length > 1) problems.push(`${orderId} took effect ${effects.length} times`);
  }
  const invariants = createJournalInvariants(({ name, detail }) => {
    problems.push(`${name}: ${detail}`);
  });
  for (const event of desk.events()) invariants.take(event);
  return problems;
}

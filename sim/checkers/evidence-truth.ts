import type { EffectBound, EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { LedgerRecord } from "../models/ledger-chain.ts";
import { tokenQuantityOf } from "../models/ledger-accounts.ts";
import type { Checker, Watch } from "./checker.ts";

/** What was confirmed somewhere may be asked for, answered and booked within this time. */
const ANSWER_MS = 20_000;
const NONCE_VALUE_AT = 40;

/**
 * Invariant 17, after every commit and step: the evidence is true. What is called dead, rejected or
 * failed has not landed, can never land and never does; what is booked had been confirmed, and its
 * figures are what the chain moved.
 */
export function createEvidenceTruth(watch: Watch): Checker {
  const attempts = new Map<string, EventPayloads["AttemptPrepared"]>();
  /** Identity of what was called over, and the word for it. */
  const over = new Map<string, string>();

  /** `neverLeft`: its bytes stayed with us, so that only their landing can prove it wrong. */
  function checkOver(attemptId: string, word: "dead" | "rejected", neverLeft = false): void {
    const attempt = attempts.get(attemptId);
    if (attempt === undefined) return;
    over.set(attempt.identity, word);
    const record = watch.chain.record(attempt.identity);
    if (record !== undefined) watch.report(`${attemptId} was called ${word} although it landed`);
    else if (!neverLeft && mayStillLand(watch, attempt.bound)) {
      watch.report(`${attemptId} was called ${word} although it may still land`);
    }
  }

  function checkFailed(attemptId: string): void {
    const attempt = attempts.get(attemptId);
    if (attempt === undefined) return;
    // An answer of before the fork may be on its way; what it says was true then.
    if (watch.nowMs() - watch.deepForkMs() < ANSWER_MS) return;
    const record = watch.chain.record(attempt.identity);
    // A void has failed nobody by its success: that is what uses the nonce up.
    const isVoid = attempt.voids !== undefined;
    if (record?.err === null && !isVoid)
      watch.report(`${attemptId} was called failed although it succeeded`);
    if (record === undefined) watch.report(`${attemptId} was called failed and never landed`);
  }

  function checkFill(fill: EventPayloads["FillRecorded"]): void {
    if (watch.nowMs() - watch.deepForkMs() < ANSWER_MS) return;
    const record = watch.chain.record(fill.fillId);
    if (record === undefined) return watch.report(`fill ${fill.fillId} is not on the chain`);
    if (record.err !== null) return watch.report(`fill ${fill.fillId} failed on the chain`);
    if (record.block.slot > watch.chain.slots.head.confirmedSlot) {
      return watch.report(`fill ${fill.fillId} was booked before it was confirmed`);
    }
    const moved = tokensMoved(watch, record);
    const told = fill.side === "buy" ? BigInt(fill.quantity) : -BigInt(fill.quantity);
    if (moved !== told) {
      watch.report(`fill ${fill.fillId} is booked with ${told} units, the chain moved ${moved}`);
    }
    const [spent, paid] = [lamportsSpent(record), lamportsPaid(fill)];
    if (spent === paid) return;
    watch.report(`fill ${fill.fillId} is booked with ${paid} lamports, the chain took ${spent}`);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "AttemptPrepared":
        attempts.set(payload.attemptId, payload);
        return;
      case "AttemptDead":
        return checkOver(payload.attemptId, "dead");
      case "AttemptRejected":
        return checkOver(payload.attemptId, "rejected", payload.evidence["neverSent"] === true);
      case "AttemptFailed":
        return checkFailed(payload.attemptId);
      case "FillRecorded":
        return checkFill(payload);
      default:
    }
  }

  return {
    name: "17 true evidence",
    onCommit(events) {
      for (const event of events) take(event);
    },
    onLanded({ signature }) {
      const word = over.get(signature);
      if (word !== undefined) watch.report(`${signature} landed after it was called ${word}`);
    },
  };
}

/** The truth that no node may know: may these bytes still be executed one day? */
function mayStillLand({ chain }: Watch, bound: EffectBound): boolean {
  if (bound.kind === "blockHeight") return chain.mayStillLand(bound.blockhash);
  // A fork gives a value back, so only a finalized advance is one.
  const { finalizedSlot } = chain.slots.head;
  const account = chain.accounts.at(bound.account, finalizedSlot);
  if (account === undefined) return false;
  const value = account.data.subarray(NONCE_VALUE_AT, NONCE_VALUE_AT + 32);
  return value.length === 32 && encodeBase58(value) === bound.value;
}

/** Lamports that left the payer. */
function lamportsSpent({ before, after }: LedgerRecord): bigint {
  return (before[0]?.lamports ?? 0n) - (after[0]?.lamports ?? 0n);
}

/** The same as the ledger has it: the price of the tokens, the fee, and the rent locked up. */
function lamportsPaid(fill: EventPayloads["FillRecorded"]): bigint {
  const notional = BigInt(fill.notionalLamports);
  const costs = BigInt(fill.feeLamports) + BigInt(fill.rentLamports);
  return fill.side === "buy" ? notional + costs : costs - notional;
}

/** Base units of the traded token that entered the payer's accounts. */
function tokensMoved({ chain }: Watch, record: LedgerRecord): bigint {
  const keys = record.transaction.staticKeys;
  let moved = 0n;
  for (const [at, key] of keys.entries()) {
    if (chain.tokenAccount(key)?.owner !== keys[0]) continue;
    moved += tokenQuantityOf(record.after[at]) - tokenQuantityOf(record.before[at]);
  }
  return moved;
}

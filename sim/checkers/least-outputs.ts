import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** What a stream tells may be from a slot or two before the one that it names. */
const SLOTS_BEFORE = 3;
/** Above every fee that a pool takes, and below every slippage. */
const FEES_MAX = 0.04;
const ROUNDING = 0.002;
const BPS = 10_000;

/**
 * Invariant 21. After every commit: the least output of a sell in a pool follows from a state that
 * the pool had about the slot that the sell names, less its slippage, and not from the entry.
 */
export function createLeastOutputs(watch: Watch): Checker {
  function check({ attemptId, quantityOutMin, route }: EventPayloads["AttemptPrepared"]): void {
    const { inputMint, slot, quantityIn, slippageBps } = route;
    if (typeof inputMint !== "string" || typeof slot !== "number") return;
    const units = Number(quantityIn);
    const states = watch.chain.market.history.since(inputMint, slot - SLOTS_BEFORE);
    const outputs = states.map(
      ({ price, quantity }) => (units * price * quantity) / (quantity + units),
    );
    if (outputs.length === 0) return;
    const least = Number(quantityOutMin);
    const kept = 1 - Number(slippageBps) / BPS;
    const [low, high] = [Math.min(...outputs), Math.max(...outputs)];
    if (least > high * kept * (1 + ROUNDING)) {
      watch.report(`${attemptId} asks for ${least}, its pool gave ${high} before the slippage`);
    } else if (least < low * kept * (1 - FEES_MAX) - 1) {
      watch.report(`${attemptId} takes ${least}, its pool gave ${low} before the slippage`);
    }
  }

  return {
    name: "21 least outputs",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind !== "AttemptPrepared" || payload.voids !== undefined) continue;
        if (payload.route["router"] === "direct" && payload.route["side"] === "sell") {
          check(payload);
        }
      }
    },
  };
}

import { createAcknowledged } from "./acknowledged.ts";
import { createBalances } from "./balances.ts";
import { createChainEffects } from "./chain-effects.ts";
import type { Checker, CreateChecker, Scene } from "./checker.ts";
import { createConverged } from "./converged.ts";
import { createEdgePromises } from "./edge-promises.ts";
import { createEvidenceTruth } from "./evidence-truth.ts";
import { createExitsAtHand } from "./exits-at-hand.ts";
import { createExitsFire } from "./exits-fire.ts";
import { createFiredPrices } from "./fired-prices.ts";
import { createHashChain } from "./hash-chain.ts";
import { createJournalEvents } from "./journal-events.ts";
import { createJournalFirst } from "./journal-first.ts";
import { createLateSends } from "./late-sends.ts";
import { createLeastOutputs } from "./least-outputs.ts";
import { createNoSecrets } from "./no-secrets.ts";
import { createOwnButtons } from "./own-buttons.ts";
import { createReceipts } from "./receipts.ts";
import { createSpendOnChain } from "./spend-on-chain.ts";
import { createTipsInside } from "./tips-inside.ts";
import { createWildTicks } from "./wild-ticks.ts";

export type CheckerSet = Required<Omit<Checker, "name">>;

const CHECKERS: readonly CreateChecker[] = [
  createChainEffects,
  createOwnButtons,
  createBalances,
  createJournalFirst,
  createReceipts,
  createAcknowledged,
  createEdgePromises,
  createSpendOnChain,
  createLateSends,
  createNoSecrets,
  createHashChain,
  createExitsFire,
  createFiredPrices,
  createLeastOutputs,
  createTipsInside,
  createExitsAtHand,
  createWildTicks,
  createEvidenceTruth,
  createConverged,
];

/** All checkers of one seed; each is told only of what it asks for. */
export function createCheckers(scene: Scene): CheckerSet {
  const { report, ...world } = scene;
  const checkers = [
    createJournalEvents(scene),
    ...CHECKERS.map((create) => {
      const checker = create({
        ...world,
        report: (violation) => report(checker.name, violation),
      });
      return checker;
    }),
  ];
  const having = <K extends keyof CheckerSet>(hook: K): Checker[] =>
    checkers.filter((checker) => checker[hook] !== undefined);
  const onCommit = having("onCommit");
  const onRequest = having("onRequest");
  const onAnswered = having("onAnswered");
  const onDelivered = having("onDelivered");
  const onLanded = having("onLanded");
  return {
    onCommit: (events) => onCommit.forEach((one) => one.onCommit?.(events)),
    onRequest: (host, request) => onRequest.forEach((one) => one.onRequest?.(host, request)),
    onAnswered: (host, request, response) =>
      onAnswered.forEach((one) => one.onAnswered?.(host, request, response)),
    onDelivered: (host, request, response) =>
      onDelivered.forEach((one) => one.onDelivered?.(host, request, response)),
    onLanded: (record) => onLanded.forEach((one) => one.onLanded?.(record)),
    onBoot: () => checkers.forEach((one) => one.onBoot?.()),
    onEnd: () => checkers.forEach((one) => one.onEnd?.()),
    atRest: (rest) => checkers.forEach((one) => one.atRest?.(rest)),
  };
}

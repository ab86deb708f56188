import type { TicketAction } from "@raptor/shared/domain/rows.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import { leaveApart, type AdoptOutcome, type TokenWish } from "../engine/token-words.ts";
import type { Reconciler } from "../engine/reconcile.ts";
import type { Store, Tx } from "../ports/store.ts";
import { adoptedScreen, apartScreen, foundScreen } from "../screens/drift.ts";
import { shortAddress } from "../screens/numbers.ts";
import { noticeScreen } from "../screens/plain.ts";
import type { Screen } from "../screens/screen.ts";
import type { Presenter } from "./presenter.ts";

type FoundAction = Extract<TicketAction, { kind: "adoptTokens" | "ignoreTokens" }>;

interface Target {
  userId: number;
  chatId: number;
  key: string;
  messageId: number | null;
}

interface FoundDeps {
  store: Store;
  presenter: Pick<Presenter, "put">;
  reconciler: Pick<Reconciler, "prepareAdoption" | "runAnew">;
}

/**
 * Does what a person said about tokens that came without an order, and answers in the place of the
 * question. The word, its answer and the job's end are one transaction: a crash repeats all or none.
 */
export async function redeemFound(
  deps: FoundDeps,
  target: Target,
  job: Job,
  action: FoundAction,
  finish: (tx: Tx, outcome: string) => void,
): Promise<string> {
  const { walletId, mint } = action;
  const wish = {
    jobId: job.id,
    userId: target.userId,
    walletId,
    mint,
    quantity: BigInt(action.quantity),
  };
  return action.kind === "adoptTokens"
    ? adopt(deps, target, wish, finish)
    : ignore(deps, target, wish, finish);
}

async function adopt(
  { store, presenter, reconciler }: FoundDeps,
  target: Target,
  wish: TokenWish,
  finish: (tx: Tx, outcome: string) => void,
): Promise<string> {
  const { apply, shown } = await reconciler.prepareAdoption(wish);
  const { walletId, mint } = wish;
  return store.transact((tx) => {
    const outcome = apply(tx);
    const words = outcome.ok ? `adopted into ${outcome.adopted.positionId}` : outcome.reason;
    if (outcome.ok) {
      const hasExits = (tx.exitPlan(outcome.adopted.positionId)?.rules.length ?? 0) > 0;
      presenter.put(tx, target, { kind: "notice" }, adoptedView(outcome, hasExits));
    } else if (shown === undefined) {
      const lines = ["Not taken in", outcome.reason, "Nothing was changed; they stay yours."];
      presenter.put(tx, target, { kind: "notice" }, noticeScreen(lines));
    } else {
      const view = { kind: "found", walletId, mint, quantity: shown.quantity } as const;
      presenter.put(tx, target, view, foundScreen(shown, outcome.reason));
    }
    finish(tx, words);
    return words;
  });
}

function adoptedView({ change, adopted }: AdoptOutcome & { ok: true }, hasExits: boolean): Screen {
  const { symbol, decimals } = change;
  return adoptedScreen({ ...adopted, symbol, decimals, hasExits });
}

function ignore(
  { store, presenter }: FoundDeps,
  target: Target,
  wish: TokenWish,
  finish: (tx: Tx, outcome: string) => void,
): Promise<string> {
  return store.transact((tx) => {
    const isDone = leaveApart(tx, wish);
    const screen = isDone
      ? apartScreen(shortAddress(wish.mint))
      : noticeScreen(["Not done", "This wallet is not yours. Nothing was changed."]);
    presenter.put(tx, target, { kind: "notice" }, screen);
    const outcome = isDone ? "left apart" : "not theirs";
    finish(tx, outcome);
    return outcome;
  });
}

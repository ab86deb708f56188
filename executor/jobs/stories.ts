import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { View } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { storySteps } from "../engine/describe-event.ts";
import type { Reader } from "../ports/store.ts";
import { noticeScreen } from "../screens/plain.ts";
import { NAV_OPS, type Screen } from "../screens/screen.ts";
import { TRADES_LISTED, tradesScreen, whyScreen } from "../screens/why.ts";

type StoryView = Extract<View, { kind: "why" | "trades" }>;

/** `/why`: what happened, from the press to the receipt. A person sees their own stories only. */
export class Stories {
  readonly #store: Reader;
  readonly #clock: Clock;

  constructor(deps: { store: Reader; clock: Clock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  /** What `/why` asks for: the story of an id, or the last trades to choose from. */
  viewOf(userId: number, id: string): StoryView {
    if (id !== "") return { kind: "why", id, page: 0 };
    const fills = this.#store.fillsPage(userId, TRADES_LISTED, null);
    return { kind: "trades", fillIds: fills.map((fill) => fill.fillId) };
  }

  /** Where a button leads, from the message that carries it; undefined for other buttons. */
  viewOfPress(
    userId: number,
    press: { op: string; arg: string },
    pressed: View | undefined,
  ): StoryView | undefined {
    const number = Number.parseInt(press.arg, 36) || 0;
    switch (press.op) {
      case NAV_OPS.why:
        if (pressed?.kind === "order") return { kind: "why", id: pressed.orderId, page: 0 };
        if (pressed?.kind === "why") return { kind: "why", id: pressed.id, page: number };
        return this.viewOf(userId, "");
      case NAV_OPS.whyTrade: {
        const fillId = pressed?.kind === "trades" ? pressed.fillIds[number] : undefined;
        const orderId = fillId === undefined ? undefined : this.#store.fill(fillId)?.orderId;
        return this.viewOf(userId, orderId ?? "");
      }
      case NAV_OPS.whyPosition:
        return this.viewOf(userId, this.#positionBy(userId, press.arg) ?? "");
      default:
        return undefined;
    }
  }

  render(userId: number, view: StoryView): Screen {
    const nowMs = this.#clock.nowMs();
    if (view.kind === "trades") return tradesScreen(this.#tradesOf(userId, view.fillIds), nowMs);
    const events = this.#store.storyOf(view.id);
    if (!isOwnStory(events, userId)) return noticeScreen(UNKNOWN);
    return whyScreen({ id: view.id, steps: storySteps(events), page: view.page, nowMs });
  }

  #tradesOf(userId: number, fillIds: readonly string[]): Parameters<typeof tradesScreen>[0] {
    return fillIds.flatMap((fillId) => {
      const fill = this.#store.fill(fillId);
      if (fill === undefined || fill.userId !== userId) return [];
      const symbol = this.#store.position(fill.positionId)?.symbol ?? "?";
      return [{ ...fill, symbol }];
    });
  }

  /** A button has room for the end of an id only; of several that share it the list is shown. */
  #positionBy(userId: number, end: string): string | undefined {
    const found = this.#store
      .openPositions(userId)
      .filter((position) => position.positionId.endsWith(end));
    return found.length === 1 ? found[0]?.positionId : undefined;
  }
}

/** The same words for what is unknown and for what is somebody else's. */
const UNKNOWN: readonly string[] = [
  "Nothing of yours is known by this id",
  "Send /why alone for your last trades, or with the id of an order, position or transaction.",
];

/** Everybody whom an event of the story concerns must be this person. */
function isOwnStory(events: readonly JournalEvent[], userId: number): boolean {
  let isOwn = false;
  for (const { payload } of events) {
    if (!("userId" in payload)) continue;
    if (payload.userId !== userId) return false;
    isOwn = true;
  }
  return isOwn;
}

import type { View } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { OrderDriver } from "../engine/order-driver.ts";
import type { Store } from "../ports/store.ts";
import { noticeScreen } from "../screens/plain.ts";
import type { Presenter } from "./presenter.ts";
import type { Trading } from "./trading.ts";

/** What a screen job and its message are about. */
export interface Target {
  userId: number;
  chatId: number;
  key: string;
  messageId: number | null;
}

/** Puts screens and words into a person's chat. */
export class Display {
  readonly #deps: { store: Store; driver: OrderDriver; presenter: Presenter; trading: Trading };

  constructor(deps: { store: Store; driver: OrderDriver; presenter: Presenter; trading: Trading }) {
    this.#deps = deps;
  }

  /** Makes a screen anew in its place; an order is also looked after. */
  async refresh(target: Target, view: View): Promise<string> {
    const { store, driver, presenter } = this.#deps;
    if (view.kind === "order") {
      driver.start(view.orderId);
      await store.transact((tx) => this.#deps.trading.showOrder(tx, view.orderId));
      return "refreshed";
    }
    const screen = await presenter.render(target.userId, view);
    if (screen === undefined) return "nothing to refresh";
    await store.transact((tx) => presenter.put(tx, target, view, screen));
    return "refreshed";
  }

  /** A screen, made of what is true now. */
  async show(target: Target, view: View): Promise<string> {
    const { store, presenter } = this.#deps;
    const screen = await presenter.render(target.userId, view);
    assert(screen !== undefined, `view ${view.kind} cannot be shown`);
    await store.transact((tx) => presenter.put(tx, target, view, screen));
    return `shown: ${view.kind}`;
  }

  /** A few words that are not kept as a screen. */
  async tell(target: Target, lines: readonly string[]): Promise<string> {
    const { store, presenter } = this.#deps;
    const screen = noticeScreen(lines);
    await store.transact((tx) => presenter.put(tx, target, { kind: "notice" }, screen));
    return lines[0] ?? "";
  }
}

import { ruleIdOf, type ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { MevChoice } from "@raptor/shared/domain/mev-protect.ts";
import type { ExitEdit, PositionRow, TicketAction, View } from "@raptor/shared/domain/rows.ts";
import { isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import type { JobOf } from "@raptor/shared/wire/job.ts";
import { presetOf } from "../engine/exit-arming.ts";
import { changeExits, editPlan } from "../engine/exit-edit.ts";
import { mintOf } from "../engine/ids.ts";
import type { Notices } from "../ports/notices.ts";
import type { Tx } from "../ports/store.ts";
import type { Venue } from "../ports/venue.ts";
import { ruleWords, specWords } from "../screens/exit-words.ts";
import { exitPreviewScreen, exitPromptScreen, type PreviewModel } from "../screens/exits.ts";
import { noticeScreen } from "../screens/plain.ts";
import { NAV_OPS, ruleArg, type Screen } from "../screens/screen.ts";
import { EXIT_PRESETS } from "./exit-presets.ts";
import { CLOSED, freshPriceE9, NOT_YOURS, renderExits } from "./exit-screens.ts";
import type { ExitScreenDeps } from "./exit-screens.ts";
import { parseExitText, type TypedRule } from "./exit-text.ts";
import { checkPreset, setPreset, specsAfter } from "./preset-edit.ts";
import type { Presenter } from "./presenter.ts";

interface Target {
  userId: number;
  chatId: number;
  key: string;
  messageId: number | null;
}

type Subject = string | null;
type Action = Extract<TicketAction, { kind: "changeExits" | "setExitPreset" }>;
type Finish = (tx: Tx, outcome: string) => void;

/** A rule takes longer to think of than an amount. */
const PROMPT_TTL_MS = 120_000;
const USD_E6 = 1e6;

interface ExitDeskDeps extends ExitScreenDeps {
  venue: Venue;
  presenter: Presenter;
  notices: Notices;
}

/** Shows exit rules and changes them, always by way of the whole plan in words. */
export class ExitDesk {
  readonly #deps: ExitDeskDeps;

  constructor(deps: ExitDeskDeps) {
    this.#deps = deps;
  }

  /** Undefined when the button is about something else. `fresh` takes a new message. */
  press(
    places: { here: Target; fresh: Target },
    job: JobOf<"press">,
    view: View | undefined,
  ): Promise<string> | undefined {
    const { here, fresh } = places;
    const at = Number.parseInt(job.arg, 36) || 0;
    switch (job.op) {
      case NAV_OPS.settings:
        return this.#show(here, null);
      case NAV_OPS.exits: {
        const subject = this.#subjectOf(here.userId, view, job.arg);
        return subject === undefined ? this.#tell(here, NOT_YOURS) : this.#show(here, subject);
      }
      case NAV_OPS.exitAdd:
        return view?.kind === "exits" ? this.#ask(fresh, view.positionId) : undefined;
      case NAV_OPS.exitDrop:
        return view?.kind === "exits" ? this.#drop(here, view.positionId, job.arg) : undefined;
      case NAV_OPS.exitPreset: {
        const specs = EXIT_PRESETS[at]?.specs;
        if (view?.kind !== "exits" || specs === undefined) return undefined;
        return this.#preview(here, view.positionId, { kind: "replace", specs: [...specs] });
      }
      default:
        return undefined;
    }
  }

  /** A typed rule becomes a preview; nothing is armed by typing. */
  async answer(target: Target, positionId: Subject, text: string): Promise<string> {
    const typed = parseExitText(text);
    if (!typed.ok) {
      return this.#tell(target, ["Not changed", typed.sentence, "Send another rule or /cancel."]);
    }
    const spec = await this.#resolve(target.userId, positionId, typed.rule);
    if (typeof spec === "string") return this.#tell(target, ["Not changed", spec, UNCHANGED]);
    return this.#preview(target, positionId, { kind: "add", spec });
  }

  /** Arms what the preview showed; the change, its answer and the job's end are one transaction. */
  async redeem(target: Target, action: Action, finish: Finish): Promise<string> {
    const { store, presenter, settings } = this.#deps;
    const { userId } = target;
    const subject = action.kind === "changeExits" ? action.positionId : null;
    const problems = await store.transact((tx) => {
      const found =
        action.kind === "changeExits"
          ? changeExits(this.#deps, tx, { ...action, userId, priceE9: this.#priceOf(subject) })
          : setPreset(tx, userId, action.specs, settings.exitCostBps, target.key);
      if (found.length > 0) {
        const screen = noticeScreen(["Exits not changed", ...found, UNCHANGED]);
        presenter.put(tx, target, { kind: "exits", positionId: subject }, screen);
      }
      finish(tx, found.length > 0 ? "exits not changed" : "exits changed");
      return found;
    });
    if (problems.length > 0) return "exits not changed";
    return this.#show(target, subject);
  }

  /** The choice, the job's end and the screen that shows it belong together. */
  async chooseProtect(target: Target, protect: MevChoice, finish: Finish): Promise<string> {
    const { userId, key: jobId } = target;
    await this.#deps.store.transact((tx) => {
      const payload = { userId, protect, jobId };
      tx.append({ stream: `user:${userId}`, kind: "MevProtectChosen", payload });
      finish(tx, "protection chosen");
    });
    return this.#show(target, null);
  }

  /** All rules of a position by another way than Telegram; its owner is told what changed. */
  async set(job: JobOf<"setExits">, finish: Finish): Promise<string> {
    const { store, notices } = this.#deps;
    const { positionId } = job;
    const owner = store.position(positionId)?.userId;
    if (owner === undefined) return "not changed: there is no such position";
    const specs: ExitSpec[] = [];
    for (const text of job.rulesText.split("\n").filter((line) => line.trim() !== "")) {
      const typed = parseExitText(text);
      const spec = typed.ok ? await this.#resolve(owner, positionId, typed.rule) : typed.sentence;
      if (typeof spec === "string") return `not changed: ${spec}`;
      specs.push(spec);
    }
    return store.transact((tx) => {
      const version = tx.exitPlan(positionId)?.version ?? 0;
      const wish = { positionId, userId: owner, version, priceE9: this.#priceOf(positionId) };
      const edit: ExitEdit = { kind: "replace", specs };
      const problems = changeExits(this.#deps, tx, { ...wish, edit });
      const outcome =
        problems.length === 0 ? "exits changed" : `not changed: ${problems.join(" ")}`;
      if (problems.length === 0) {
        notices.alert(tx, owner, `exits:${job.id}`, [
          "The operator changed exit rules of yours",
          ...specs.map(specWords),
          "Nothing was sold by this. /positions shows the rules and lets you change them.",
        ]);
      }
      finish(tx, outcome);
      return outcome;
    });
  }

  #priceOf(positionId: Subject): bigint | undefined {
    const position = positionId === null ? undefined : this.#deps.store.position(positionId);
    return position === undefined ? undefined : freshPriceE9(this.#deps, position.instrument);
  }

  /** A button has room for the end of an id only; without one the message says which position. */
  #subjectOf(userId: number, view: View | undefined, end: string): Subject | undefined {
    const { store } = this.#deps;
    if (view?.kind === "exits" || view?.kind === "exitPrompt") return view.positionId;
    if (view?.kind === "order") {
      const order = store.order(view.orderId);
      return order?.positionId ?? store.fillsOf(view.orderId).at(-1)?.positionId;
    }
    const found = store.openPositions(userId).filter(({ positionId }) => positionId.endsWith(end));
    return end === "" || found.length !== 1 ? undefined : found[0]?.positionId;
  }

  #drop(target: Target, positionId: Subject, arg: string): Promise<string> {
    const { store } = this.#deps;
    if (positionId === null) {
      const at = Number.parseInt(arg, 36) || 0;
      const specs = presetOf(this.#deps, store, target.userId).filter((_, place) => place !== at);
      return this.#preview(target, null, { kind: "replace", specs });
    }
    const rule = store.exitPlan(positionId)?.rules.find((one, at) => ruleArg(one, at) === arg);
    if (rule === undefined) return this.#show(target, positionId);
    return this.#preview(target, positionId, { kind: "remove", ruleId: ruleIdOf(rule) });
  }

  #preview(target: Target, positionId: Subject, edit: ExitEdit): Promise<string> {
    const { userId } = target;
    if (positionId === null) {
      return this.#put(target, null, exitPreviewScreen(this.#presetPreview(userId, edit)));
    }
    const model = this.#positionPreview(userId, positionId, edit);
    if (model === undefined) return this.#tell(target, CLOSED);
    return this.#put(target, positionId, exitPreviewScreen(model));
  }

  #positionPreview(userId: number, positionId: string, edit: ExitEdit): PreviewModel | undefined {
    const { store, clock, settings } = this.#deps;
    const position = store.position(positionId);
    const plan = store.exitPlan(positionId);
    if (position?.userId !== userId || position.state !== "open") return undefined;
    if (plan?.state !== "armed") return undefined;
    const priceE9 = freshPriceE9(this.#deps, position.instrument);
    const facts = { costBps: settings.exitCostBps, nowMs: clock.nowMs(), priceE9 };
    const edited = editPlan(plan, position, edit, facts);
    const rules = edited.ok ? edited.parts.rules : [];
    const markE9 = BigInt(edited.ok ? edited.parts.markE9 : plan.markE9);
    // From which it will count, unless this price is taken back.
    const peakE9 = priceE9 !== undefined && priceE9 > markE9 ? priceE9 : markE9;
    return {
      symbol: position.symbol,
      lines: rules.map((rule) => ruleWords(rule, peakE9)),
      problems: edited.ok ? [] : edited.problems,
      losesStops: !rules.some(({ kind }) => kind === "stopLoss" || kind === "trailingStop"),
      action: { kind: "changeExits", positionId, version: plan.version, edit },
    };
  }

  #presetPreview(userId: number, edit: ExitEdit): PreviewModel {
    const { store, settings } = this.#deps;
    const specs = specsAfter(presetOf(this.#deps, store, userId), edit);
    return {
      symbol: null,
      lines: specs.map(specWords),
      problems: checkPreset(specs, settings.exitCostBps),
      losesStops: !specs.some(({ kind }) => kind === "stopLoss" || kind === "trailingStop"),
      action: { kind: "setExitPreset", specs },
    };
  }

  /** A market cap needs the supply and the price of SOL, which the rule then keeps. */
  async #resolve(userId: number, positionId: Subject, rule: TypedRule): Promise<ExitSpec | string> {
    if (rule.kind !== "marketCap") return rule;
    const position = positionId === null ? undefined : this.#ownPosition(userId, positionId);
    if (position === undefined) return ONLY_POSITIONS;
    try {
      const report = await this.#deps.venue.fetchInstrument(mintOf(position.instrument));
      const { supply, solUsd } = report;
      // What a millionth of a dollar does not show is no price of SOL, and none to divide by.
      const solUsdE6 = BigInt(Math.round((solUsd ?? 0) * USD_E6));
      if (supply === undefined || supply === 0n || solUsdE6 <= 0n) {
        return "The supply of this token or the price of SOL is not known just now.";
      }
      const { decimals } = position;
      return { ...rule, supply: supply.toString(), solUsdE6: solUsdE6.toString(), decimals };
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return `The token could not be looked up. Cause: ${sentenceOf(error)}`;
    }
  }

  #ownPosition(userId: number, positionId: string): PositionRow | undefined {
    const position = this.#deps.store.position(positionId);
    return position?.userId === userId ? position : undefined;
  }

  #ask(target: Target, positionId: Subject): Promise<string> {
    const { store, presenter, clock } = this.#deps;
    const symbol = positionId === null ? null : (store.position(positionId)?.symbol ?? null);
    const expiresMs = clock.nowMs() + PROMPT_TTL_MS;
    const view: View = { kind: "exitPrompt", positionId, expiresMs };
    return store.transact((tx) => {
      presenter.put(tx, target, view, exitPromptScreen(symbol));
      return "asked for a rule";
    });
  }

  #show(target: Target, positionId: Subject): Promise<string> {
    return this.#put(target, positionId, renderExits(this.#deps, target.userId, positionId));
  }

  #put(target: Target, positionId: Subject, screen: Screen): Promise<string> {
    const { store, presenter } = this.#deps;
    return store.transact((tx) => {
      presenter.put(tx, target, { kind: "exits", positionId }, screen);
      return "shown: exits";
    });
  }

  #tell(target: Target, lines: readonly string[]): Promise<string> {
    const { store, presenter } = this.#deps;
    return store.transact((tx) => {
      presenter.put(tx, target, { kind: "notice" }, noticeScreen(lines));
      return lines[0] ?? "";
    });
  }
}

const UNCHANGED = "The rules are armed as they were, and nothing was sold.";
const ONLY_POSITIONS =
  "A market cap belongs to one token: open a position's exits and add it there.";

export function isExitAction(action: TicketAction): action is Action {
  return action.kind === "changeExits" || action.kind === "setExitPreset";
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LedgerMarket } from "../models/ledger-market.ts";
import type { World } from "./world.ts";

/** What a person does to make a rule: words to type, and buttons by what stands on them. */
export interface RuleHands {
  type(userId: number, text: string, name: string): void;
  /** The newest button of this person's chat that says so; nothing happens when there is none. */
  pressWords(userId: number, words: RegExp, name: string): void;
}

/** One thing that a person may do next, as likely as it weighs. */
export interface Act {
  name: string;
  weight: number;
  run(userId: number): void;
}

type Step = (userId: number) => void;

/** Close to the entry, because a seed lasts a minute or two. */
const RULES: readonly string[] = [
  "tp 2 25",
  "tp 4 50",
  "tp 6 all",
  "tp 25 30",
  "sl 3",
  "sl 8",
  "sl 25",
  "trail 2",
  "trail 6 from 3",
  "be 3",
  "time 1m",
  "time 1m below 4",
  "initials 5",
  "mc 900k 40",
  "mc below 10k",
];
const READ_MS_MIN = 500;
const READ_MS_MAX = 1_200;
const SOL_DECIMALS = 9;

/** Makes exit rules and limit buys as persons do: screens, buttons, a typed rule, a last button. */
export class RuleMaker {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #market: LedgerMarket;
  readonly #hands: RuleHands;

  constructor(options: { world: World; prng: Prng; market: LedgerMarket; hands: RuleHands }) {
    this.#world = options.world;
    this.#prng = options.prng;
    this.#market = options.market;
    this.#hands = options.hands;
  }

  /** Where prices come from pools, rules near the entry meet them within a seed. */
  listActs(): Act[] {
    if (this.#market.pools === undefined) return [];
    return [
      { name: "rules of new positions", weight: 5, run: (who) => this.forNewPositions(who) },
      { name: "rules of a position", weight: 9, run: (who) => this.forPosition(who) },
      { name: "limit buy", weight: 6, run: (who) => this.limitBuy(who) },
    ];
  }

  /** For whatever this person buys from now on. */
  forNewPositions(userId: number): void {
    const name = "rules of new positions";
    this.#follow(userId, [
      (who) => this.#hands.type(who, "/settings", name),
      ...this.#addRule(name),
    ]);
  }

  forPosition(userId: number): void {
    const name = "rules of a position";
    this.#follow(userId, [
      (who) => this.#hands.type(who, "/positions", name),
      (who) => this.#hands.pressWords(who, /^(Edit exits|Exits)$/, name),
      ...this.#addRule(name),
    ]);
  }

  limitBuy(userId: number): void {
    const name = "limit buy";
    const { mint, decimals } = this.#oneOf(this.#market.tokens());
    const percent = this.#oneOf([92n, 97n, 99n, 104n]);
    const price = this.#priceText(mint, decimals, percent);
    this.#follow(userId, [
      (who) => this.#hands.type(who, mint, name),
      (who) => this.#hands.pressWords(who, /^Limit buy$/, name),
      (who) => this.#hands.type(who, `${price} 0.05 1h`, name),
      (who) => this.#hands.pressWords(who, /^Arm this limit buy$/, name),
    ]);
  }

  #addRule(name: string): Step[] {
    const rule = this.#prng.nextFloat() < 0.15 ? this.#limitSell() : this.#oneOf(RULES);
    return [
      (who) => this.#hands.pressWords(who, /^Add or change a rule$/, name),
      (who) => this.#hands.type(who, rule, name),
      (who) => this.#hands.pressWords(who, /^(Arm these rules|Yes, without a stop)$/, name),
    ];
  }

  #limitSell(): string {
    const { mint, decimals } = this.#oneOf(this.#market.tokens());
    return `limit ${this.#priceText(mint, decimals, 103n)} 40`;
  }

  /** So many percent of what a whole token costs now, in SOL. */
  #priceText(mint: string, decimals: number, percent: bigint): string {
    const lamports = (this.#market.usdPrice(mint) ?? 1) / this.#market.solUsd;
    const price = lamports * (Number(percent) / 100);
    return price.toFixed(decimals + SOL_DECIMALS - 3);
  }

  /** One after the other, as fast as somebody reads what has changed. */
  #follow(userId: number, steps: readonly Step[]): void {
    let waitMs = 0;
    for (const step of steps) {
      this.#world.after(waitMs, () => step(userId));
      waitMs += READ_MS_MIN + this.#prng.nextInt(READ_MS_MAX - READ_MS_MIN);
    }
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#prng.nextInt(list.length)] as T;
  }
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LedgerMarket } from "../models/ledger-market.ts";
import { ImpossibleAct, type TelegramModel } from "../models/telegram.ts";
import type { TelegramMessage } from "../models/telegram/objects.ts";
import { BUY_AMOUNTS, buttonsOf, newestSaying, NONSENSE, SELL_PERCENTS } from "./chat-words.ts";
import { ADMIN, PEOPLE } from "./settings.ts";
import { type Act, RuleMaker } from "./rule-maker.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

export interface PeopleHooks {
  onAct(name: string): void;
  onTrace(text: string): void;
  /** An update left a person's phone. */
  onUpdate(updateId: number, isPress: boolean): void;
}

/** How far back a person scrolls for a button that is still on the screen. */
const RECENT_MESSAGES = 4;
const RESUME_CHANCE = 0.7;
const OPENING_BUYS = 3;

/** Persons at their phones: they see only what the bot sent them, and they are in a hurry. */
export class People {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #telegram: TelegramModel;
  readonly #market: LedgerMarket;
  readonly #hooks: PeopleHooks;
  /** What each person last asked to buy by typing. */
  readonly #wanted = new Map<number, string>();
  readonly #rules: RuleMaker;
  readonly #acts: readonly Act[];
  readonly #who: readonly number[];
  #left: number;
  #waitUntilMs = -Infinity;
  /** Whoever opens a desk buys first: nearly everything else follows from that. */
  #openings = OPENING_BUYS;
  readonly #gapMs: number;
  readonly #tilt: Swarm["tilt"];
  pressCount = 0;

  constructor(options: {
    world: World;
    prng: Prng;
    telegram: TelegramModel;
    market: LedgerMarket;
    swarm: Swarm;
    hooks: PeopleHooks;
  }) {
    this.#world = options.world;
    this.#prng = options.prng;
    this.#telegram = options.telegram;
    this.#market = options.market;
    this.#hooks = options.hooks;
    this.#who = PEOPLE.slice(0, options.swarm.people);
    this.#left = options.swarm.presses;
    this.#gapMs = options.swarm.gapMs;
    this.#tilt = options.swarm.tilt;
    const { world, prng, market } = options;
    this.#rules = new RuleMaker({
      world,
      prng,
      market,
      hands: {
        type: (userId, text, name) => this.#type(userId, text, name),
        pressWords: (userId, words, name) => this.#pressWords(userId, words, name),
      },
    });
    this.#acts = [...this.#listActs(), ...this.#rules.listActs()];
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  start(): void {
    this.#who.forEach((userId, at) => {
      this.#world.after(100 + at * 300, () => this.#type(userId, "/start", "start"));
      if (this.#market.pools !== undefined && this.#prng.nextFloat() < 0.6) {
        this.#world.after(900 + at * 300, () => this.#rules.forNewPositions(userId));
      }
    });
    this.#world.after(3_000, () => this.#next());
  }

  /** Told that buys wait until the notice was read, most people go on after a look at it. */
  onHeld(userId: number): void {
    if (this.#prng.nextFloat() >= RESUME_CHANCE) return;
    const waitMs = 1_500 + this.#prng.nextInt(6_000);
    this.#world.after(waitMs, () => this.#type(userId, "/resume", "resume after a hold"));
  }

  /** Nobody answers, so most put the phone away until somebody does. */
  waitFor(ms: number): void {
    this.#waitUntilMs = this.#world.nowMs + ms;
  }

  #next(): void {
    if (this.#left === 0) return;
    const waitMs = this.#waitUntilMs - this.#world.nowMs;
    if (waitMs > 0) return void this.#world.after(waitMs, () => this.#next());
    this.#left -= 1;
    const userId = this.#who[this.#prng.nextInt(this.#who.length)] as number;
    const act = this.#openings > 0 ? (this.#acts[0] as Act) : this.#pick();
    this.#openings -= 1;
    act.run(userId);
    this.#world.after(this.#prng.nextInt(2 * this.#gapMs), () => this.#next());
  }

  #pick(): Act {
    const weightOf = ({ name, weight }: Act): number => weight * (this.#tilt[name] ?? 1);
    const total = this.#acts.reduce((sum, act) => sum + weightOf(act), 0);
    let draw = this.#prng.nextFloat() * total;
    for (const act of this.#acts) {
      draw -= weightOf(act);
      if (draw < 0) return act;
    }
    return this.#acts[0] as Act;
  }

  #listActs(): Act[] {
    const mint = (): string => this.#oneOf(this.#market.tokens()).mint;
    const type = (name: string, weight: number, text: () => string): Act => ({
      name,
      weight,
      run: (userId) => this.#type(userId, text(), name),
    });
    const press = (name: string, weight: number, wanted: RegExp): Act => ({
      name,
      weight,
      run: (userId) => this.#press(userId, wanted, name),
    });
    return [
      { name: "buy typed", weight: 16, run: (userId) => this.#buy(userId, mint()) },
      type("token card", 6, mint),
      press("buy pressed", 18, /^1t/),
      { name: "sell typed", weight: 14, run: (userId) => this.#sell(userId, mint()) },
      type("positions", 6, () => "/positions"),
      press("sell or panic pressed", 12, /^1u/),
      press("any button", 8, /^1/),
      { name: "double tap", weight: 8, run: (userId) => this.#doubleTap(userId) },
      { name: "old button", weight: 4, run: (userId) => this.#pressOld(userId) },
      { name: "button of another", weight: 2, run: (userId) => this.#pressForeign(userId) },
      type("nonsense amount", 3, () => `/buy ${mint()} ${this.#oneOf(NONSENSE)}`),
      type("a bare number", 3, () => this.#oneOf([...NONSENSE, ...BUY_AMOUNTS])),
      type("panic", 2, () => "/panic"),
      type("pause", 2, () => "/pause"),
      type("resume", 3, () => "/resume"),
      type("screens", 2, () => this.#oneOf(["/home", "/wallet", "/status", "/sell", "/help"])),
      { name: "kill switch", weight: 3, run: () => this.#throwSwitch() },
      { name: "change of mind", weight: 6, run: (userId) => this.#changeMind(userId) },
      { name: "crossed switches", weight: 2, run: (userId) => this.#crossSwitches(userId) },
      { name: "burst", weight: 0.4, run: (userId) => this.#burst(userId) },
    ];
  }

  /** Mostly back to active, or a seed would be over for buys early. */
  #throwSwitch(): void {
    const state = this.#oneOf(["halted drill", "reducing drill", "active", "active", "active"]);
    this.#type(ADMIN, `/kill ${state}`, "kill switch");
  }

  #buy(userId: number, mint: string): void {
    this.#wanted.set(userId, mint);
    this.#type(userId, `/buy ${mint} ${this.#oneOf(BUY_AMOUNTS)}`, "buy typed");
  }

  /** Mostly of what this person bought last, or there would be nothing to sell. */
  #sell(userId: number, other: string): void {
    const last = this.#prng.nextFloat() < 0.8 ? this.#wanted.get(userId) : undefined;
    this.#type(userId, `/sell ${last ?? other} ${this.#oneOf(SELL_PERCENTS)}`, "sell typed");
  }

  /** A buy, and a stop while it is being prepared; allowed again before the next one. */
  #changeMind(userId: number): void {
    const name = "change of mind";
    const { mint } = this.#oneOf(this.#market.tokens());
    this.#type(userId, `/buy ${mint} 0.05`, name);
    const [who, stop, go] = this.#oneOf([
      [userId, "/pause", "/resume"],
      [ADMIN, "/kill reducing drill", "/kill active drill"],
      [ADMIN, "/kill halted drill", "/kill active drill"],
    ] as const);
    this.#world.after(this.#prng.nextInt(600), () => this.#type(who, stop, name));
    this.#world.after(2_000 + this.#prng.nextInt(2_000), () => this.#type(who, go, name));
  }

  /** The first of them may have to wait on its way and arrive after the second. */
  #crossSwitches(userId: number): void {
    this.#type(userId, "/resume", "crossed switches");
    const waitMs = 1_500 + this.#prng.nextInt(4_000);
    this.#world.after(waitMs, () => this.#type(userId, "/pause", "crossed switches"));
  }

  #burst(userId: number): void {
    const tokens = this.#market.tokens();
    // Five times the same by a shaking hand, or several at once beyond what a day may cost.
    const isSame = this.#prng.nextFloat() < 0.5;
    const amount = isSame ? "0.05" : "0.5";
    const first = this.#prng.nextInt(tokens.length);
    for (let at = 0; at < 5; at++) {
      const mint = tokens[(first + (isSame ? 0 : at)) % tokens.length]?.mint ?? "";
      this.#world.after(at * 30, () => this.#type(userId, `/buy ${mint} ${amount}`, "burst"));
    }
  }

  #type(userId: number, text: string, name: string): void {
    this.#note(userId, `types ${text}`, name);
    this.#sent(this.#telegram.sendUserMessage(userId, text).updateId, false);
  }

  #press(userId: number, wanted: RegExp, name: string): void {
    const message = this.#withButton(userId, wanted, RECENT_MESSAGES);
    if (message === undefined) {
      return this.#type(userId, this.#oneOf(this.#market.tokens()).mint, "token card");
    }
    this.#tap(userId, message, wanted, name);
  }

  #pressWords(userId: number, words: RegExp, name: string): void {
    const found = newestSaying(this.#telegram.messages(userId) ?? [], RECENT_MESSAGES, words);
    if (found !== undefined) this.#pressData(userId, found.messageId, found.data, name);
  }

  #doubleTap(userId: number): void {
    const message = this.#withButton(userId, /^1[tu]/, RECENT_MESSAGES);
    if (message === undefined) return this.#press(userId, /^1/, "any button");
    const data = this.#tap(userId, message, /^1[tu]/, "double tap");
    const again = 1 + this.#prng.nextInt(3);
    for (let at = 0; at < again; at++) {
      this.#world.after(this.#prng.nextInt(400), () =>
        this.#pressData(userId, message.message_id, data, "double tap"),
      );
    }
  }

  #pressOld(userId: number): void {
    const message = this.#withButton(userId, /^1[tu]/, 200);
    if (message === undefined) return this.#press(userId, /^1/, "any button");
    this.#tap(userId, message, /^1[tu]/, "old button");
  }

  /** A changed client may send any data from any of its own messages. */
  #pressForeign(userId: number): void {
    const other = this.#who.find((one) => one !== userId);
    const theirs = other === undefined ? undefined : this.#withButton(other, /^1[tu]/, 50);
    const own = this.#telegram.messages(userId)?.find((one) => one.from.is_bot);
    if (theirs === undefined || own === undefined) {
      return this.#press(userId, /^1t/, "buy pressed");
    }
    const data = this.#oneOf(buttonsOf(theirs, /^1[tu]/));
    this.#pressData(userId, own.message_id, data, "button of another");
  }

  #tap(userId: number, message: TelegramMessage, wanted: RegExp, name: string): string {
    const data = this.#oneOf(buttonsOf(message, wanted));
    this.#pressData(userId, message.message_id, data, name);
    return data;
  }

  #pressData(userId: number, messageId: number, data: string, name: string): void {
    this.#note(userId, `presses ${data} of message ${messageId}`, name);
    try {
      const press = { messageId, data, force: true };
      this.#sent(this.#telegram.pressButton(userId, press).updateId, true);
    } catch (error) {
      // The message was deleted meanwhile: the finger met nothing.
      if (!(error instanceof ImpossibleAct)) throw error;
    }
  }

  #withButton(userId: number, wanted: RegExp, back: number): TelegramMessage | undefined {
    const messages = this.#telegram.messages(userId)?.filter((one) => one.from.is_bot) ?? [];
    const fitting = messages.slice(-back).filter((one) => buttonsOf(one, wanted).length > 0);
    return fitting.length === 0 ? undefined : this.#oneOf(fitting);
  }

  #sent(updateId: number | undefined, isPress: boolean): void {
    if (updateId !== undefined) this.#hooks.onUpdate(updateId, isPress);
  }

  #note(userId: number, what: string, name: string): void {
    this.pressCount += 1;
    this.#hooks.onAct(name);
    this.#hooks.onTrace(`person ${userId}: ${what}`);
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#prng.nextInt(list.length)] as T;
  }
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import { breakDown, countUntaken, faultHits, setPrice } from "../scenarios/probes.ts";
import type { Estate } from "./journal-look.ts";
import { PriceLevels } from "./price-levels.ts";
import { type ChatMessage, pause, type Person, postJson, waitUntil } from "../scenarios/person.ts";
import type { WorldFile } from "../local/start-world.ts";

interface PlannedFault {
  on: string;
  kind: string;
  ms?: number;
  count: number;
}

const SUBMIT_FAULTS: readonly PlannedFault[] = [
  { on: "sendTransaction", kind: "accept-no-answer", count: 1 },
  { on: "sendTransaction", kind: "drop", count: 1 },
  { on: "sendTransaction", kind: "duplicate", count: 1 },
  { on: "sendTransaction", kind: "delay", ms: 300, count: 1 },
];
/** No node takes anything: what was sent grows old, is proven dead, and is signed anew. */
const DROUGHT_FAULT: PlannedFault = { on: "sendTransaction", kind: "drop", count: -1 };
/** Every node answers that it will never take these bytes: one of the few definite answers. */
const REFUSAL_FAULT = {
  on: "sendTransaction",
  kind: "error",
  count: 1,
  status: 200,
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32_003, message: "Transaction signature verification failure" },
  }),
};
/**
 * The nodes know how a transaction ended, and cannot show it for so long: until then it counts as
 * seen and no more.
 */
const LATE_FAULT: PlannedFault = { on: "getTransaction", kind: "stale", ms: 2_000, count: -1 };
/** As long as no node tells what became of an attempt, it is not decided. */
const BLIND_FAULT: PlannedFault = { on: "getSignatureStatuses", kind: "error", count: -1 };
const FAULT_CHANCE = 0.35;
/** What cannot be reached while the nodes do not tell. */
const NEEDS_SIGHT: readonly string[] = [
  "AttemptAccepted",
  "AttemptFailed",
  "AttemptRejected",
  "AttemptDead",
  "FillRecorded",
  "FillReversed",
  "PositionChanged",
  "ExitPlanArmed",
  "ExitPlanDisarmed",
  "ExitTriggered",
  "FillSettled",
  "OrderClosed",
  "JobFinished",
  "PanicClosed",
];
const PRESS_WAIT_MS = 5_000;
/** So long a node keeps what it was sent to itself. */
const ON_THE_WAY_MS = 600;
/** From the words of a person to the signed transaction. */
const BUILT_MS_MAX = 2_000;
/** Of a chat's updates one is carried at a time: more would only keep what matters waiting. */
const UNTAKEN_MAX = 6;
/** Left by the last desk: each person's commands are carried out one after the other. */
const PENDING_JOBS_MAX = 12;
/** Of a desk that died before it could show one. */
const NO_CARD = "none";

/** What begins with the desk's own words. */
const NEEDS_ANSWER: readonly string[] = [
  "TicketClaimed",
  "JobRefused",
  "PanicOpened",
  "PanicClosed",
];

/** A command that was typed, as the bot's world numbered it. */
export interface Said {
  chatId: number;
  updateId: number;
}

/** What a few people do while the desk under them dies again and again. */
export class StormLoad {
  readonly #file: WorldFile;
  readonly #people: readonly Person[];
  readonly #mints: readonly string[];
  readonly #prng: Prng;
  readonly #prices: PriceLevels;
  #isDrought = false;
  #estate: Estate = { isHalted: false, pausedIds: [], pendingJobs: 0 };
  presses = 0;
  /** Every command that somebody typed: whether the desk ever heard of it is judged at the end. */
  readonly said: Said[] = [];

  constructor(file: WorldFile, people: readonly Person[], prng: Prng) {
    this.#file = file;
    this.#people = people;
    this.#prng = prng;
    this.#prices = new PriceLevels((mint, factor) => setPrice(file, mint, factor));
    this.#mints = file.mints.filter(({ kind }) => kind === "normal").map(({ mint }) => mint);
  }

  /** Lasts over deaths, in which all other faults end; from the next repair on. */
  async beginDrought(): Promise<void> {
    this.#isDrought = true;
    // Exits on nonces are what is replaced while nothing lands.
    await this.#prices.fall(this.#mints);
  }

  /** From the next repair on. */
  endDrought(): void {
    this.#isDrought = false;
  }

  /** After a repair. */
  async keepDrought(): Promise<void> {
    if (!this.#isDrought) return;
    for (const { http } of this.#file.rpcs) await breakDown(http, { ...DROUGHT_FAULT });
  }

  /** Before trading goes on, the brakes that earlier bursts put on have to be released. */
  noteEstate(estate: Estate): void {
    this.#estate = estate;
  }

  /** One round of presses that leads to the planned point, among others; a death ends it. */
  async burst(what: string | undefined, isOver: () => boolean): Promise<void> {
    const maySee = this.#isDrought || NEEDS_SIGHT.includes(what ?? "");
    const isBlind = what === "AttemptUnknown" || (!maySee && this.#prng.nextFloat() < 0.7);
    await this.#releaseBrakes();
    for (const { http } of this.#file.rpcs) {
      if (isBlind) await breakDown(http, { ...BLIND_FAULT });
      if (what === "AttemptAccepted") await breakDown(http, { ...LATE_FAULT });
      if (what === "AttemptRejected") await breakDown(http, REFUSAL_FAULT);
      else if (this.#prng.nextFloat() < FAULT_CHANCE) {
        await breakDown(http, { ...this.#pick(SUBMIT_FAULTS) });
      }
    }
    const leader = this.#pick(this.#people);
    const active = await this.#choose(leader, what);
    await Promise.all([
      this.#lead(what, leader, isOver),
      ...active.flatMap((person) => this.#actionsOf(person, what)),
    ]);
    if (what === "ExitTriggered" || this.#prng.nextFloat() < 0.2) {
      await this.#prices.move(this.#mints, this.#prng);
    }
  }

  /** Who trades: fewer where much waits, and not who waits for an answer in the same chat. */
  async #choose(leader: Person, what: string | undefined): Promise<readonly Person[]> {
    if ((await countUntaken(this.#file)) > UNTAKEN_MAX) return [];
    const others = this.#people.filter((person) => person !== leader);
    if (this.#estate.pendingJobs > PENDING_JOBS_MAX) return needsAnswer(what) ? [] : [leader];
    return needsAnswer(what) ? others : this.#people;
  }

  /** Straight to the planned point. */
  async #lead(what: string | undefined, leader: Person, isOver: () => boolean): Promise<void> {
    if (what === "TicketClaimed") await this.#pressCard(leader, isOver);
    if (what === "JobRefused") await this.#askTooMuch(leader, isOver);
    if (what === "AttemptFailed") await this.#outrun(isOver);
    if (what === "ExitPlanDisarmed") await this.#sellAll();
    if (what === "PanicOpened" || what === "PanicClosed") {
      await this.#pressShown(leader, "/panic", "Yes, sell everything", isOver);
    }
    await this.#brake(what, leader);
  }

  async #releaseBrakes(): Promise<void> {
    const { isHalted, pausedIds } = this.#estate;
    this.#estate = { ...this.#estate, isHalted: false, pausedIds: [] };
    const [admin] = this.#people;
    if (isHalted && admin !== undefined) await this.#say(admin, "/kill active");
    for (const person of this.#people) {
      if (pausedIds.includes(person.id)) await this.#say(person, "/resume");
    }
  }

  async #brake(what: string | undefined, leader: Person): Promise<void> {
    const [admin] = this.#people;
    if (what === "TradingStateChanged" && admin !== undefined) {
      await this.#say(admin, "/kill");
      await this.#say(admin, "/kill active");
    }
    if (what === "UserPausedChanged") {
      await this.#say(leader, "/pause");
      await this.#say(leader, "/resume");
    }
  }

  /** A button that was used already, or what only the operator may do. */
  async #askTooMuch(leader: Person, isOver: () => boolean): Promise<void> {
    const [admin] = this.#people;
    if (leader === admin) await this.#pressCard(leader, isOver);
    else await this.#say(leader, "/kill");
  }

  async #sellAll(): Promise<void> {
    const sells = this.#people.flatMap((person) =>
      this.#mints.map((mint) => this.#say(person, `/sell ${mint} 100`)),
    );
    await Promise.all(sells);
  }

  /** The price leaves while a buy is on its way, so that it arrives and is reverted. */
  async #outrun(isOver: () => boolean): Promise<void> {
    const nodes = this.#file.rpcs.map(({ http }) => http);
    const delay = { on: "sendTransaction", kind: "delay", ms: ON_THE_WAY_MS, count: 4 };
    for (const http of nodes) await breakDown(http, delay);
    const countDelayed = async (): Promise<number> => {
      const hits = await Promise.all(nodes.map(faultHits));
      return hits.reduce((sum, one) => sum + (one["sendTransaction/delay"] ?? 0), 0);
    };
    const before = await countDelayed();
    const mint = this.#pick(this.#mints);
    await Promise.all(this.#people.map((person) => this.#say(person, `/buy ${mint} 0.02`)));
    const untilMs = performance.now() + BUILT_MS_MAX;
    while (!isOver() && performance.now() < untilMs && (await countDelayed()) === before) {
      await pause(20);
    }
    await this.#prices.during(mint, 3, () => pauseUntil(isOver, 2 * ON_THE_WAY_MS));
  }

  /** Cards and buttons, which need an answer before the press. */
  async #pressCard(leader: Person, isOver: () => boolean): Promise<void> {
    const label = this.#pick(["0.1 SOL", "0.25 SOL"]);
    await this.#pressShown(leader, this.#pick(this.#mints), label, isOver);
  }

  /** Types it, and presses this button three times as soon as a message shows one. */
  async #pressShown(
    person: Person,
    text: string,
    label: string,
    isOver: () => boolean,
  ): Promise<void> {
    const afterId = (await person.newest()).at(-1)?.message_id ?? 0;
    await this.#say(person, text);
    try {
      const card = await waitUntil(async () => {
        if (isOver()) return NO_CARD;
        const received = await person.newest();
        return received.findLast(
          (message) => message.message_id > afterId && showsButton(message, label),
        );
      }, PRESS_WAIT_MS);
      if (card === NO_CARD) return;
      this.presses += 3;
      await Promise.all([1, 2, 3].map(() => person.press(card, label)));
    } catch (error) {
      // The desk was too slow to show it, or it became a receipt meanwhile.
      if (!/within|no button|answered 400/.test((error as Error).message)) throw error;
    }
  }

  #actionsOf(person: Person, what: string | undefined): Promise<void>[] {
    const mint = this.#pick(this.#mints);
    const other = this.#pick(this.#mints);
    const texts = [`/buy ${mint} 0.02`, `/sell ${other} ${this.#pick(["50", "100"])}`];
    if (what === "OrderDenied") texts.unshift(`/buy ${other} 900`);
    else if (this.#prng.nextFloat() < 0.1) texts.push(`/buy ${other} 900`);
    if (this.#prng.nextFloat() < 0.1) texts.push("/positions");
    this.presses += texts.length;
    return texts.map((text) => this.#say(person, text));
  }

  async #say({ id: chatId }: Person, text: string): Promise<void> {
    const url = `${this.#file.telegram}/world/users/${chatId}/messages`;
    const { updateId } = (await postJson(url, { text })) as { updateId: number };
    this.said.push({ chatId, updateId });
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#prng.nextInt(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

function needsAnswer(what: string | undefined): boolean {
  return what !== undefined && NEEDS_ANSWER.includes(what);
}

function showsButton({ reply_markup: markup }: ChatMessage, label: string): boolean {
  const buttons = markup?.inline_keyboard?.flat() ?? [];
  return buttons.some(
    ({ text, callback_data: data }) => data !== undefined && text.includes(label),
  );
}

async function pauseUntil(isOver: () => boolean, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!isOver() && performance.now() < untilMs) await pause(10);
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import { breakDown, setPrice } from "../scenarios/probes.ts";
import { pause, type Person, postJson } from "../scenarios/person.ts";
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
/** As long as no node tells what became of an attempt, it is not decided. */
const BLIND_FAULT: PlannedFault = { on: "getSignatureStatuses", kind: "error", count: -1 };
const FAULT_CHANCE = 0.35;
/** What cannot be reached while the nodes do not tell. */
const NEEDS_SIGHT: readonly string[] = [
  "AttemptFailed",
  "FillRecorded",
  "PositionChanged",
  "ExitPlanArmed",
  "ExitTriggered",
  "FillSettled",
  "OrderClosed",
  "JobFinished",
];
const PRESS_WAIT_MS = 5_000;

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
  presses = 0;
  /** Every command that somebody typed: whether the desk ever heard of it is judged at the end. */
  readonly said: Said[] = [];

  constructor(file: WorldFile, people: readonly Person[], prng: Prng) {
    this.#file = file;
    this.#people = people;
    this.#prng = prng;
    this.#mints = file.mints.filter(({ kind }) => kind === "normal").map(({ mint }) => mint);
  }

  /** One round of presses that leads to the planned point, among others. */
  async burst(what: string | undefined): Promise<void> {
    const isBlind = !NEEDS_SIGHT.includes(what ?? "") && this.#prng.nextFloat() < 0.7;
    for (const { http } of this.#file.rpcs) {
      if (isBlind) await breakDown(http, { ...BLIND_FAULT });
      if (this.#prng.nextFloat() < FAULT_CHANCE) {
        await breakDown(http, { ...this.#pick(SUBMIT_FAULTS) });
      }
    }
    await Promise.all(this.#people.flatMap((person) => this.#actionsOf(person, what)));
    if (what === "TicketClaimed" || what === "JobRefused") await this.#pressCard();
    if (what === "AttemptFailed") await this.#outrun();
    if (what === "ExitTriggered" || this.#prng.nextFloat() < 0.2) await this.#movePrices();
  }

  /** The price leaves while a buy is on its way, so that it arrives and is reverted. */
  async #outrun(): Promise<void> {
    for (const { http } of this.#file.rpcs) {
      await breakDown(http, { on: "sendTransaction", kind: "delay", ms: 700, count: 4 });
    }
    const mint = this.#pick(this.#mints);
    await Promise.all(this.#people.map((person) => this.#say(person, `/buy ${mint} 0.02`)));
    await pause(450);
    await setPrice(this.#file, mint, 3);
    await pause(600);
    await setPrice(this.#file, mint, 1);
  }

  /** Cards and buttons, which need an answer before the press; a death in between ends it. */
  async #pressCard(): Promise<void> {
    const person = this.#pick(this.#people);
    const mint = this.#pick(this.#mints);
    await this.#say(person, mint);
    try {
      const card = await person.waitFor(mint, PRESS_WAIT_MS);
      this.presses += 3;
      const label = this.#pick(["0.1 SOL", "0.25 SOL"]);
      const presses = [1, 2, 3].map(() => person.press(card, label));
      await Promise.all(presses);
    } catch (error) {
      // The desk died before it could show the card, or the card became a receipt meanwhile.
      if (!/within|no button|answered 400/.test((error as Error).message)) throw error;
    }
  }

  async #movePrices(): Promise<void> {
    const factor = this.#pick([0.4, 0.6, 1.1, 2.6]);
    await Promise.all(this.#mints.map((mint) => setPrice(this.#file, mint, factor)));
  }

  #actionsOf(person: Person, what: string | undefined): Promise<void>[] {
    const mint = this.#pick(this.#mints);
    const other = this.#pick(this.#mints);
    const texts = [`/buy ${mint} 0.02`, `/sell ${other} ${this.#pick(["50", "100"])}`];
    if (what === "OrderDenied" || this.#prng.nextFloat() < 0.1) texts.push(`/buy ${other} 900`);
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

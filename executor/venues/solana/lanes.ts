import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { SubmitOutcome } from "../../ports/venue.ts";
import { type LaneReport, LaneStats, type Sent } from "./lane-stats.ts";
import { type Landing, type Lane, type LaneAnswer, PLAIN_LANDING } from "./lane.ts";
import { createRpcLane } from "./rpc-lane.ts";
import type { Rpc } from "./rpc.ts";

export interface LaneSetDeps {
  rpc: Rpc;
  /** Besides plain RPC, which is always there. */
  lanes: readonly Lane[];
  clock: Clock;
  /** About where the chain stands; undefined when not known. */
  slotNow(): number | undefined;
}

/** Once one lane has the bytes the others get a moment, so that the evidence names them too. */
const GRACE_MS = 60;
const SLOT_MS = 400;
/**
 * The word of one alone ends nothing: it may refuse aloud and pass on in silence. Several regions
 * of one service are one.
 */
const REFUSERS_MIN = 2;

/** So long a protected transaction waits for the first lane that may take it again. */
const WAIT_MS = 250;
const WAITS_MAX = 4;

interface Picked {
  ready: Lane[];
  /** By lane: why it was left out. */
  answers: Record<string, string>;
  /** Nobody is left out who could have been asked. */
  isEverywhere: boolean;
  now: Landing;
}

interface Answered extends LaneAnswer {
  lane: string;
  /** Who runs it. */
  operator: string;
}

/** All ways to the leaders. One signed transaction goes to every one whose rules it meets. */
export class LaneSet {
  readonly #deps: LaneSetDeps;
  readonly #plain: readonly Lane[];
  readonly #stats: LaneStats;

  constructor(deps: LaneSetDeps) {
    this.#deps = deps;
    this.#plain = deps.rpc.providers.map((provider) => createRpcLane(deps.rpc, provider));
    this.#stats = new LaneStats([...this.#plain, ...deps.lanes].map(({ name }) => name));
  }

  /**
   * Sends the same bytes, for the first time or again, to all lanes at once. Ends shortly after the
   * first lane that took them; slower ones go on by themselves and are counted when they answer.
   */
  async submit(
    payload: string,
    identity: string,
    landing: Landing = PLAIN_LANDING,
  ): Promise<SubmitOutcome> {
    const sent = this.#stats.open(identity, () => this.#open(landing));
    let picked = this.#pick(this.#relax(landing, sent), sent);
    for (let n = 0; n < WAITS_MAX && picked.ready.length === 0 && !picked.isEverywhere; n++) {
      await this.#deps.clock.sleep(WAIT_MS);
      picked = this.#pick(this.#relax(landing, sent), sent);
    }
    const { ready, answers, isEverywhere, now } = picked;
    if (ready.length === 0) return { outcome: "held", cause: describe(answers) };
    const answered = await this.#race(ready, payload, identity, now);
    for (const { lane, detail } of answered) answers[lane] = detail;
    return judge(answered, answers, isEverywhere && answered.length === ready.length);
  }

  /** Where an attempt ended up, for the lanes' own figures. */
  noteLanded(identity: string, slot: number, feeLamports: bigint): void {
    this.#stats.noteLanded(identity, slot, feeLamports);
  }

  /** An attempt that ended without landing. */
  forget(identity: string): void {
    this.#stats.forget(identity);
  }

  reports(): LaneReport[] {
    return this.#stats.reports();
  }

  /** The lanes that are asked now, and why the others are not. */
  #pick(now: Landing, sent: Sent): Picked {
    const answers: Record<string, string> = {};
    const ready: Lane[] = [];
    let isEverywhere = true;
    // Each send takes some tenths of a millisecond to leave; those that are paid for it go first.
    for (const lane of [...this.#deps.lanes, ...this.#plain]) {
      const barred = lane.check(now);
      const held = barred ?? lane.hold(sent.accepted.has(lane.name));
      if (held === undefined) ready.push(lane);
      else answers[lane.name] = `left out: ${held}`;
      if (held === undefined || barred !== undefined) continue;
      isEverywhere = false;
      this.#stats.noteHeld(lane.name);
    }
    return { ready, answers, isEverywhere, now };
  }

  #open(landing: Landing): Sent {
    const { clock, slotNow, lanes } = this.#deps;
    const tips = new Map(landing.tips.map(({ taker, lamports }) => [taker, lamports]));
    const byLane = lanes.flatMap(({ name, taker }): [string, bigint][] => {
      const lamports = taker === undefined ? undefined : tips.get(taker);
      return lamports === undefined ? [] : [[name, lamports]];
    });
    return {
      firstMs: clock.monotonicMs(),
      firstSlot: slotNow(),
      accepted: new Set(),
      tipLamportsByLane: new Map(byLane),
    };
  }

  /** Protection is given up where it would keep an exit from being sold. */
  #relax(landing: Landing, { firstMs }: Sent): Landing {
    const { isProtected, plainAfterSlots } = landing;
    if (!isProtected || plainAfterSlots === undefined) return landing;
    const isOver = this.#deps.clock.monotonicMs() - firstMs >= plainAfterSlots * SLOT_MS;
    return isOver ? { ...landing, isProtected: false } : landing;
  }

  async #race(
    lanes: readonly Lane[],
    payload: string,
    identity: string,
    landing: Landing,
  ): Promise<Answered[]> {
    const answered: Answered[] = [];
    const enough = Promise.withResolvers<void>();
    const all = Promise.all(
      lanes.map(async (lane) => {
        const answer = await lane.send(payload, identity, landing);
        this.#stats.noteAnswer(lane.name, identity, answer);
        answered.push({ lane: lane.name, operator: lane.taker ?? lane.name, ...answer });
        if (answer.word === "accepted") enough.resolve();
      }),
    );
    await Promise.race([all, enough.promise]);
    if (answered.length < lanes.length) {
      const abort = new AbortController();
      await Promise.race([all, this.#deps.clock.sleep(GRACE_MS, abort.signal)]);
      abort.abort();
    }
    return [...answered];
  }
}

function judge(
  answered: readonly Answered[],
  answers: Record<string, string>,
  isComplete: boolean,
): SubmitOutcome {
  const lanes = answered.filter(({ word }) => word === "accepted").map(({ lane }) => lane);
  if (lanes.length > 0) return { outcome: "accepted", lanes, evidence: { answers } };
  const isRefused = answered.every(({ word }) => word === "refused");
  const refusers = new Set(answered.map(({ operator }) => operator)).size;
  if (isComplete && isRefused && refusers >= REFUSERS_MIN) {
    const reason = answered[0]?.detail ?? "refused";
    return { outcome: "rejected", reason, evidence: { answers } };
  }
  const cause = describe(answers);
  return { outcome: "unknown", lanes: answered.map(({ lane }) => lane), cause };
}

function describe(answers: Readonly<Record<string, string>>): string {
  const told = Object.entries(answers).map(([lane, answer]) => `${lane}: ${answer}`);
  return told.length === 0 ? "there was no lane" : told.join("; ");
}

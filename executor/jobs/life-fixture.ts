import { mintOf, SETTINGS, USER } from "../engine/engine-fixture.ts";
import { accepted, rejected, unknown } from "../engine/fake-chain.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { TicketAction } from "@raptor/shared/domain/rows.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import { JobDesk, PRESET } from "./jobs-fixture.ts";
import { checkAlways, checkAtRest } from "./promises-fixture.ts";
import type { Step, SubmitMode } from "./steps-fixture.ts";

/** The time limit of a call: a process may die many times inside it. */
const HANG_MS = 5_000;
const MINTS = [mintOf(1), mintOf(2), mintOf(3)] as const;

/** One random life of the desk; remembers what was sent and what was acknowledged. */
export class Life {
  readonly jobs = new JobDesk();
  readonly sent: Job[] = [];
  readonly buttons: string[] = [];
  readonly acknowledged = new Set<string>();

  async run(steps: readonly Step[]): Promise<void> {
    const { desk, chain } = this.jobs;
    desk.settings = {
      ...SETTINGS,
      limits: {
        ...SETTINGS.limits,
        dailyLamportsMax: (PRESET * 4n).toString(),
        openPositionsMax: 2,
      },
    };
    this.#setMode("accept");
    await this.jobs.boot();
    for (const one of steps) {
      await this.#do(one);
      await desk.clock.settle();
      if (!desk.isRunning) await this.#bootOnce();
      if (desk.fatal.length > 0) throw desk.fatal[0];
      checkAlways(desk, chain);
    }
    await this.#rest();
  }

  /** All faults are over: everything must come to an end, and the books must agree. */
  async #rest(): Promise<void> {
    const { desk, chain } = this.jobs;
    desk.disk.dieAt = undefined;
    desk.disk.failAt = 0;
    this.#setMode("accept");
    for (let n = 0; n < 60; n++) {
      for (const { identity } of chain.undecided) chain.land(identity);
      for (const { identity, fate, wasSent } of chain.transactions.values()) {
        if (fate === "pending" && !wasSent) chain.bury(identity);
      }
      chain.slot += 2;
      await desk.clock.advance(2_000);
      checkAlways(desk, chain);
    }
    checkAtRest(desk, chain, this.acknowledged);
  }

  async #do(one: Step): Promise<void> {
    const { jobs } = this;
    const { desk, chain } = jobs;
    switch (one.do) {
      case "buy": {
        const mint = MINTS[one.mint] ?? MINTS[0];
        return this.#send(jobs.buyJob({ mint }));
      }
      case "press":
        return this.#press(MINTS[one.mint] ?? MINTS[0]);
      case "pressAgain": {
        const data = pick(this.buttons, one.which);
        return data === undefined ? undefined : this.#send(jobs.press(data));
      }
      case "redeliver": {
        const job = pick(this.sent, one.which);
        return job === undefined ? undefined : this.#send(job);
      }
      case "sell": {
        const mint = MINTS[one.which % 3] ?? MINTS[0];
        return this.#send({ ...jobs.head(), kind: "sell", mint, percentText: one.percent });
      }
      case "panic":
        return this.#pressNew({ kind: "panic" });
      case "switch":
        return this.#switch(one.to);
      case "decide":
        return this.#decide(one.which, one.fate);
      case "submitMode":
        return this.#setMode(one.mode);
      case "price":
        chain.price = one.price;
        return desk.engine.feed.emit(one.price * 1_000_000_000n, `${MINTS[one.mint]}.SOLANA`);
      case "wait":
        return desk.clock.advance(one.ms);
      case "crash":
        return desk.kill();
      case "dieAt":
        desk.disk.count = 0;
        desk.disk.dieAt = { unit: one.unit, when: one.when, die: () => this.#die() };
        return undefined;
      case "fullDisk":
        desk.disk.count = 0;
        desk.disk.failAt = one.unit;
        return undefined;
      case "reconcile":
        void desk.engine.reconciler.run("timer").catch(() => {});
        return undefined;
    }
  }

  /** A start on a full disk fails and is tried again by the launcher until it works. */
  async #bootOnce(): Promise<void> {
    const { disk } = this.jobs.desk;
    disk.dieAt = undefined;
    disk.failAt = 0;
    await this.jobs.boot();
  }

  #die(): void {
    this.jobs.desk.disk.dieAt = undefined;
    this.jobs.desk.kill();
  }

  async #send(job: Job): Promise<void> {
    this.sent.push(job);
    void this.jobs.intake.accept(job).then(({ status }) => {
      if (status === 202) this.acknowledged.add(job.id);
    });
    await this.jobs.desk.clock.settle();
  }

  #press(mint: string): Promise<void> {
    const notionalLamports = PRESET.toString();
    const base = { kind: "buy", slippageBpsMax: 100, guardOverride: true } as const;
    return this.#pressNew({ ...base, mint, notionalLamports });
  }

  /** The message with the button may be lost to a crash or a full disk; then nobody presses it. */
  async #pressNew(action: TicketAction): Promise<void> {
    const { desk } = this.jobs;
    let data: string | undefined;
    const rows = [[{ text: "Do it", action, lifetime: "trade" as const }]];
    const screen = { text: "card", entities: [], rows };
    const issued = desk.store.transact((tx) => desk.engine.tickets.issue(tx, USER, USER, screen));
    issued.then(
      ({ keyboard }) => {
        const button = keyboard[0]?.[0];
        if (button !== undefined && "callbackData" in button) data = button.callbackData;
      },
      () => {},
    );
    await desk.clock.settle();
    if (data === undefined || !desk.isRunning) return;
    this.buttons.push(data);
    await this.#send(this.jobs.press(data));
  }

  #switch(to: string): Promise<void> {
    const head = this.jobs.head();
    if (to === "pause" || to === "resume") return this.#send({ ...head, kind: to });
    const state = to === "reducing" || to === "halted" ? to : "active";
    const actor = { kind: "admin" } as const;
    return this.#send({ ...head, actor, kind: "setTradingState", state, reason: "test" });
  }

  #decide(index: number, fate: string): void {
    const { chain, desk } = this.jobs;
    const found = pick(chain.undecided, index);
    if (found === undefined) return;
    if (fate === "land") chain.land(found.identity);
    else if (fate === "revert") chain.revert(found.identity);
    else chain.bury(found.identity);
    chain.slot += 3;
    desk.venue.announce(found.identity);
  }

  #setMode(mode: SubmitMode): void {
    const { chain, desk } = this.jobs;
    chain.onSubmit = (attempt) => {
      const journaled = desk.store.attempt(attempt.attemptId)?.identity;
      if (journaled !== attempt.identity) throw new Error("bytes left before they were journaled");
      if (mode === "landsButSilent" && chain.report(attempt.identity).state === "pending") {
        chain.land(attempt.identity);
      }
      if (mode === "refuse") return rejected();
      if (mode === "fail") throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
      return mode === "accept" ? accepted() : unknown();
    };
    const script = chain.script();
    const hang = async (attempt: Parameters<typeof script.submit>[0]) => {
      await script.submit(attempt);
      await desk.clock.sleep(HANG_MS);
      return unknown("no answer in time");
    };
    desk.venue.script = mode === "hang" ? { ...script, submit: hang } : script;
  }
}

function pick<T>(items: readonly T[], index: number): T | undefined {
  return items.length === 0 ? undefined : items[index % items.length];
}

import type { TicketAction } from "@raptor/shared/domain/rows.ts";
import { parseCallbackData } from "@raptor/shared/wire/callback.ts";
import type { Job, JobOf } from "@raptor/shared/wire/job.ts";
import { MINT, SETTINGS, TestDesk, USER, type Engine } from "../engine/engine-fixture.ts";
import { FakeChain } from "../engine/fake-chain.ts";
import { createReadModels, type Phase } from "../engine/read-models.ts";
import { Accounts } from "./accounts.ts";
import { JobAdmission } from "./admission.ts";
import { ApiTokens } from "./api-tokens.ts";
import { EntryDesk } from "./entry-desk.ts";
import { ExitDesk } from "./exit-desk.ts";
import { JobHandlers } from "./handlers.ts";
import { JobIntake, type IntakeResult } from "./intake.ts";
import { Lanes } from "./lanes.ts";
import { Presenter } from "./presenter.ts";
import { Trading } from "./trading.ts";

export const ADMIN = 99;
export const PRESET = 500_000_000n;

export const person = { kind: "telegram", userId: USER, chatId: USER, name: "Ann" } as const;

/** The whole desk behind the door: intake, lanes and handlers over a test engine. */
export class JobDesk {
  readonly desk = new TestDesk();
  readonly chain = new FakeChain();
  phase: Phase = "ready";
  lanesMax = 4;
  /** What a copy in Postgres says that answers wait for. */
  mirrorRefusal: string | undefined;
  isMirrored = true;
  walletsCreated = 0;
  /** Why nobody new gets a wallet. */
  walletRefusal: string | undefined;
  intake!: JobIntake;
  lanes!: Lanes;
  apiTokens!: ApiTokens;
  #jobCount = 0;

  constructor() {
    this.desk.venue.script = this.chain.script();
  }

  async boot(): Promise<void> {
    this.#build(await this.desk.boot());
    this.intake.redrive();
    await this.desk.clock.settle();
  }

  async crash(): Promise<void> {
    this.desk.kill();
    await this.boot();
  }

  nextJobId(): string {
    this.#jobCount += 1;
    return `tg:1:${this.#jobCount}`;
  }

  head(id = this.nextJobId()) {
    return { id, actor: person, createdMs: this.desk.clock.nowMs() };
  }

  buyJob(over: Partial<JobOf<"buy">> = {}): JobOf<"buy"> {
    const deadlineMs = this.desk.clock.nowMs() + 30_000;
    return { ...this.head(), kind: "buy", mint: MINT, amountText: "0.5", deadlineMs, ...over };
  }

  /** Hands a job in and lets everything go on that needs no time. */
  async accept(job: Job): Promise<IntakeResult> {
    const answer = this.intake.accept(job);
    answer.catch(() => {});
    await this.desk.clock.settle();
    return answer;
  }

  /** A money button as the executor sends it; gives its callback data. */
  async button(
    action: TicketAction,
    lifetime: "trade" | "menu" = "trade",
    userId = USER,
  ): Promise<string> {
    const content = await this.desk.transact((tx) =>
      this.desk.engine.tickets.issue(tx, userId, userId, {
        text: "card",
        entities: [],
        rows: [[{ text: "press", action, lifetime }]],
      }),
    );
    const [button] = content.keyboard[0] ?? [];
    if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
    return button.callbackData;
  }

  buyButton(guardOverride = true): Promise<string> {
    const notionalLamports = PRESET.toString();
    return this.button({
      kind: "buy",
      mint: MINT,
      notionalLamports,
      slippageBpsMax: SETTINGS.buySlippageBps,
      guardOverride,
    });
  }

  press(callbackData: string, over: Partial<JobOf<"press">> = {}): JobOf<"press"> {
    const data = parseCallbackData(callbackData);
    if (data === undefined) throw new Error("expected callback data");
    return {
      ...this.head(),
      kind: "press",
      callbackQueryId: "1",
      messageId: 5,
      ...data,
      ...over,
    };
  }

  #build(engine: Engine): void {
    const { store, clock, venue, feed, tickets, context, driver, panic, reconciler, pool } = engine;
    const { notices, settings, onFatal } = context;
    const reads = createReadModels({
      store,
      feed,
      venue,
      clock,
      version: "test",
      phase: () => this.phase,
      dependencies: () => [],
    });
    const shared = { store, venue, feed, reads, clock, tickets, settings, notices, driver, panic };
    const presenter = new Presenter({ ...shared, presetsLamports: [PRESET] });
    const trading = new Trading({ ...shared, presenter });
    const accounts = new Accounts(store, {
      createWallet: async (walletId) => {
        this.walletsCreated += 1;
        return { address: `address of ${walletId}`, wrapped: "wrapped", vaultSha256: "sha" };
      },
    });
    this.apiTokens = new ApiTokens(Buffer.alloc(32, 2));
    const ids = { token: (bytes: number) => "T".repeat(Math.ceil((bytes * 4) / 3)) };
    const { apiTokens } = this;
    const exitDesk = new ExitDesk({ ...shared, presenter });
    const entryDesk = new EntryDesk({ ...shared, presenter });
    const desks = { presenter, trading, exitDesk, entryDesk };
    const walletKeys = { refusalFor: () => this.walletRefusal };
    const deps = { ...shared, ...desks, ids, accounts, walletKeys, apiTokens, reconciler, pool };
    this.lanes = new Lanes(this.lanesMax, onFatal);
    const admission = new JobAdmission({
      ...shared,
      walletKeys,
      allowedUserIds: [USER, 8],
      adminUserIds: [ADMIN],
    });
    this.intake = new JobIntake({
      store,
      clock,
      log: context.log,
      metrics: context.metrics,
      admission,
      handlers: new JobHandlers(deps),
      lanes: this.lanes,
      phase: () => this.phase,
      mirror: {
        refusal: () => this.mirrorRefusal,
        isMirrored: () => Promise.resolve(this.isMirrored),
      },
    });
  }
}

export async function withJobDesk(use: (jobs: JobDesk) => Promise<void>): Promise<void> {
  const jobs = new JobDesk();
  try {
    await jobs.boot();
    await use(jobs);
  } catch (error) {
    throw jobs.desk.fatal[0] ?? error;
  } finally {
    jobs.desk.close();
  }
}

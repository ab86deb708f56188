import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { OrderSide } from "@raptor/shared/domain/order.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { AttemptReport } from "../../ports/venue.ts";
import { parseLanding } from "./attempt-route.ts";
import { BlockhashBook } from "./blockhash-book.ts";
import { FeeBook } from "./fee-book.ts";
import { createFeeEstimate, createRecentFees } from "./fee-source.ts";
import { describeLane, publishLane } from "./lane-health.ts";
import { planLanding, type LandingPlan } from "./landing-plan.ts";
import { LaneWarmth, pingUrlsOf } from "./lane-warmth.ts";
import { LaneSet } from "./lanes.ts";
import { Rpc } from "./rpc.ts";
import { sumTips } from "./tip-instruction.ts";
import { createTipLanes, type TipService } from "./tip-lane.ts";

export interface LandingSettings {
  /** 0: not kept at hand. */
  blockhashPollMs: number;
  /** 0: the floor is bid. */
  feePollMs: number;
  /** A provider's fee estimate is asked there; absent: only what the nodes know. */
  feeEstimateUrl: string | undefined;
  services: readonly TipService[];
  mevProtect: "off" | "entries" | "all";
  plainAfterSlots: number;
}

/** Plain RPC alone, and nothing kept at hand: for whoever only wants to send. */
export const QUIET_LANDING: LandingSettings = {
  blockhashPollMs: 0,
  feePollMs: 0,
  feeEstimateUrl: undefined,
  services: [],
  mevProtect: "off",
  plainAfterSlots: 0,
};

export interface LandingDeskDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  rpc: Rpc;
  /** The same nodes, for questions whose failure must not count against them. */
  nodeUrls: readonly string[];
  slotNow(): number | undefined;
  httpTimeoutMs: number;
  feeLamportsMax: bigint;
  settings: LandingSettings;
  metrics?: Metrics | undefined;
}

/** Of a blockhash's minute a quarter may be over before it is used: the rest is for landing. */
const BLOCKHASH_STALE_MS = 15_000;
/** Fees change within seconds; after a minute the floor is as good a guess. */
const FEE_STALE_MS = 60_000;

/**
 * The nodes once more, with a health of their own: one that has no word about fees may be as good
 * as any for everything else, and exits must not pass it by.
 */
function createFeeRpc(deps: LandingDeskDeps): Rpc {
  const { nodeUrls: urls, httpTimeoutMs: timeoutMs } = deps;
  return new Rpc({ ...deps, settings: { urls, timeoutMs } });
}

/** What is kept at hand for landing, and the lanes themselves. */
export class LandingDesk {
  readonly lanes: LaneSet;
  readonly fees: FeeBook;
  readonly blockhashes: BlockhashBook;
  readonly #deps: LandingDeskDeps;
  readonly #warmth: LaneWarmth;

  constructor(deps: LandingDeskDeps) {
    this.#deps = deps;
    const { net, clock, rpc, settings, httpTimeoutMs } = deps;
    const laneDeps = { ...deps, timeoutMs: httpTimeoutMs };
    const lanes = settings.services.flatMap((service) => createTipLanes(laneDeps, service));
    const { feeEstimateUrl } = settings;
    this.lanes = new LaneSet({ rpc, lanes, clock, slotNow: deps.slotNow });
    this.#warmth = new LaneWarmth({
      net,
      clock,
      urls: pingUrlsOf(settings.services),
      timeoutMs: httpTimeoutMs,
    });
    this.blockhashes = new BlockhashBook({
      rpc,
      clock,
      settings: { pollMs: settings.blockhashPollMs, staleMs: BLOCKHASH_STALE_MS },
    });
    this.fees = new FeeBook({
      sources: [
        ...(feeEstimateUrl === undefined
          ? []
          : [createFeeEstimate(net, feeEstimateUrl, httpTimeoutMs)]),
        createRecentFees(createFeeRpc(deps)),
      ],
      clock,
      settings: {
        pollMs: settings.feePollMs,
        staleMs: FEE_STALE_MS,
        feeLamportsMax: deps.feeLamportsMax,
      },
    });
  }

  start(): void {
    const { blockhashPollMs, feePollMs } = this.#deps.settings;
    if (blockhashPollMs > 0) this.blockhashes.start();
    if (feePollMs > 0) this.fees.start();
    this.#warmth.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.blockhashes.stop(), this.fees.stop(), this.#warmth.stop()]);
  }

  /**
   * The lanes, with their tips, that try number `n` of an order is made for. `protect` is what its
   * person has chosen, if anything.
   */
  plan(side: OrderSide, n: number, protect?: MevProtect): LandingPlan {
    const { settings, prng, feeLamportsMax } = this.#deps;
    const mevProtect = protect ?? settings.mevProtect;
    return planLanding({ ...settings, mevProtect, feeLamportsMax }, prng, side, n);
  }

  /** For people: what the lanes have done, where there are any beside plain RPC, and the fees. */
  health(): { name: string; ok: boolean; detail: string }[] {
    const { services, feePollMs } = this.#deps.settings;
    const lanes = services.length === 0 ? [] : this.lanes.reports().map(describeLane);
    return [...lanes, ...(feePollMs > 0 ? [this.fees.health()] : [])];
  }

  #publish(): void {
    const { metrics } = this.#deps;
    if (metrics === undefined) return;
    for (const report of this.lanes.reports()) publishLane(metrics, report);
  }

  /** Passes a report on, and counts a landing for the lanes that had taken it. */
  async follow(attempt: AttemptRow, asked: Promise<AttemptReport>): Promise<AttemptReport> {
    const report = await asked;
    const { identity } = attempt;
    if (report.state === "landed") {
      const networkLamports = report.feeLamports - sumTips(parseLanding(attempt).tips);
      this.lanes.noteLanded(identity, report.venueSlot, networkLamports);
      this.#publish();
    } else if (report.state === "dead" || report.state === "reverted") {
      this.lanes.forget(identity);
      this.#publish();
    }
    return report;
  }
}

import type { ExitRule } from "@raptor/shared/domain/exit-rules.ts";

/** One rule of one position as the price watch keeps it. */
export interface ArmedTrigger {
  readonly positionId: string;
  readonly rule: ExitRule;
  /** The price that it fires at; of a trailing stop, as it was when it was found crossed. */
  priceE9: bigint;
  /** The highest price that a trailing stop has seen; zero for all others. */
  markE9: bigint;
  /** Disarmed: it stays where it lies until it comes to the top. */
  isDead: boolean;
}

/** A trailing stop among those that share a highest price. */
export interface TrailTrigger extends ArmedTrigger {
  readonly dropBps: number;
  /** The mark that the journal knows. */
  persistedE9: bigint;
  left: TrailTrigger | undefined;
  right: TrailTrigger | undefined;
  rank: number;
}

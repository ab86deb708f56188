/** active: everything. reducing: exits only. halted: no new attempts but panic sells and exits. */
export const TRADING_STATES = ["active", "reducing", "halted"] as const;
export type TradingState = (typeof TRADING_STATES)[number];

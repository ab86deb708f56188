import { eventReader } from "./event-reader.ts";

/**
 * Events of the pump.fun program. `sol...` fields are in lamports for curves in SOL. The first
 * fields of each are those of 2024, the later ones stand in the order in which they were added.
 */
export const readCreateEvent = eventReader(
  "CreateEvent",
  { name: "text", symbol: "text", uri: "text", mint: "key", bondingCurve: "key", user: "key" },
  {
    creator: "key",
    timestamp: "i64",
    virtualTokenReserves: "u64",
    virtualSolReserves: "u64",
    realTokenReserves: "u64",
    tokenTotalSupply: "u64",
    tokenProgram: "key",
    isMayhemMode: "bool",
    isCashbackEnabled: "bool",
    quoteMint: "key",
    virtualQuoteReserves: "u64",
    creatorFeeBps: "u64",
    isHolderReward: "bool",
  },
);

export const readTradeEvent = eventReader(
  "TradeEvent",
  {
    mint: "key",
    solAmount: "u64",
    tokenAmount: "u64",
    isBuy: "bool",
    user: "key",
    timestamp: "i64",
    virtualSolReserves: "u64",
    virtualTokenReserves: "u64",
  },
  {
    realSolReserves: "u64",
    realTokenReserves: "u64",
    feeRecipient: "key",
    feeBasisPoints: "u64",
    fee: "u64",
    creator: "key",
    creatorFeeBasisPoints: "u64",
    creatorFee: "u64",
    trackVolume: "bool",
    totalUnclaimedTokens: "u64",
    totalClaimedTokens: "u64",
    currentSolVolume: "u64",
    lastUpdateTimestamp: "i64",
    ixName: "text",
    mayhemMode: "bool",
    cashbackFeeBasisPoints: "u64",
    cashback: "u64",
    buybackFeeBasisPoints: "u64",
    buybackFee: "u64",
    shareholders: "shares",
    quoteMint: "key",
    quoteAmount: "u64",
    virtualQuoteReserves: "u64",
    realQuoteReserves: "u64",
    holderRewardsBps: "u64",
    holderRewards: "u64",
  },
);

/** The curve is full; trading goes on in the pool that `readMigrationEvent` names. */
export const readCompleteEvent = eventReader(
  "CompleteEvent",
  { user: "key", mint: "key", bondingCurve: "key", timestamp: "i64" },
  { quoteMint: "key" },
);

export const readMigrationEvent = eventReader(
  "CompletePumpAmmMigrationEvent",
  {
    user: "key",
    mint: "key",
    mintAmount: "u64",
    solAmount: "u64",
    poolMigrationFee: "u64",
    bondingCurve: "key",
    timestamp: "i64",
    pool: "key",
  },
  { quoteMint: "key" },
);

import type {
  AttemptRow,
  FillRow,
  JobRow,
  OrderRow,
  PositionRow,
} from "@raptor/shared/domain/rows.ts";
import type { FoldedRows } from "./folded-rows.ts";
import {
  amount,
  amountOrNull,
  bool,
  int,
  intOrNull,
  json,
  jsonOrNull,
  text,
  textOrNull,
  type ColumnSpec,
  type TableSpec,
} from "./table-spec.ts";

export type TableName = keyof FoldedRows;

const jobs: TableSpec<JobRow> = {
  key: "jobId",
  columns: {
    jobId: text,
    digest: text,
    userId: intOrNull,
    kind: text,
    state: text,
    outcome: textOrNull,
    deadlineMs: intOrNull,
    receivedMs: int,
    job: jsonOrNull,
  },
};

const orders: TableSpec<OrderRow> = {
  key: "orderId",
  columns: {
    orderId: text,
    userId: int,
    walletId: text,
    venue: text,
    instrument: text,
    symbol: text,
    decimals: int,
    tokenProgram: text,
    side: text,
    source: json,
    status: text,
    reason: textOrNull,
    notionalLamports: amount,
    quantity: amount,
    slippageBpsMax: int,
    positionId: textOrNull,
    entryPriceE9: amountOrNull,
    deadlineMs: intOrNull,
    guardOverride: bool,
    noticeKey: text,
    createdMs: int,
  },
};

const attempts: TableSpec<AttemptRow> = {
  key: "attemptId",
  columns: {
    attemptId: text,
    orderId: text,
    n: int,
    venue: text,
    identity: text,
    payload: text,
    bound: json,
    exclusionGroup: text,
    slot: text,
    state: text,
    costCapLamports: amount,
    quantityOutMin: amount,
    route: json,
    witness: json,
    cause: textOrNull,
    evidence: jsonOrNull,
    epoch: int,
    voids: jsonOrNull,
    preparedMs: int,
    submittedMs: intOrNull,
  },
};

const fills: TableSpec<FillRow> = {
  key: "fillId",
  columns: {
    fillId: text,
    attemptId: text,
    orderId: text,
    userId: int,
    positionId: text,
    instrument: text,
    side: text,
    quantity: amount,
    notionalLamports: amount,
    feeLamports: amount,
    rentLamports: amount,
    soldCostLamports: amountOrNull,
    venueSlot: int,
    seq: int,
    tsMs: int,
    evidence: json,
    state: text,
  },
};

const positions: TableSpec<PositionRow> = {
  key: "positionId",
  columns: {
    positionId: text,
    userId: int,
    walletId: text,
    venue: text,
    instrument: text,
    symbol: text,
    decimals: int,
    tokenProgram: text,
    quantity: amount,
    costLamports: amount,
    realisedLamports: amount,
    entryPriceE9: amount,
    oversold: amount,
    lost: jsonOrNull,
    state: text,
    openedMs: int,
    changedMs: int,
  },
};

/** The one description of the folded tables: SQLite and its mirror are both generated from it. */
export const FOLDED_TABLES: { readonly [T in TableName]: TableSpec<FoldedRows[T]> } = {
  jobs,
  ticket_claims: { key: "ticket", columns: { ticket: text, jobId: text, userId: int } },
  users: {
    key: "userId",
    columns: {
      userId: int,
      chatId: int,
      name: text,
      paused: bool,
      heldReason: text,
      panicId: textOrNull,
      pausedMs: int,
    },
  },
  wallets: {
    key: "walletId",
    columns: { walletId: text, userId: int, address: text, vaultSha256: text },
  },
  orders,
  attempts,
  fills,
  positions,
  exit_plans: {
    key: "positionId",
    columns: {
      positionId: text,
      userId: int,
      instrument: text,
      rules: json,
      state: text,
      triggers: int,
      done: jsonOrNull,
      originalQuantity: amount,
      markE9: amount,
      version: int,
      ruleCount: int,
    },
  },
  exit_presets: { key: "userId", columns: { userId: int, specs: json } },
  mev_choices: { key: "userId", columns: { userId: int, protect: text } },
  armed_entries: {
    key: "entryId",
    columns: {
      entryId: text,
      userId: int,
      walletId: text,
      venue: text,
      instrument: text,
      symbol: text,
      decimals: int,
      tokenProgram: text,
      triggerPriceE9: amount,
      notionalLamports: amount,
      slippageBpsMax: int,
      deadlineMs: int,
      jobId: text,
      state: text,
      reason: text,
      armedMs: int,
    },
  },
  nonce_accounts: {
    key: "account",
    columns: {
      account: text,
      walletId: text,
      nonceIndex: int,
      state: text,
      lamports: amount,
      reason: textOrNull,
      changedMs: int,
    },
  },
  denials: { key: "orderId", columns: { orderId: text, inputs: jsonOrNull } },
  exit_triggers: {
    key: "orderId",
    columns: {
      orderId: text,
      positionId: text,
      rule: text,
      ruleId: textOrNull,
      n: int,
      triggerPriceE9: amount,
      priceE9: amount,
      priceAgeMs: int,
      markE9: amountOrNull,
      firedMs: int,
    },
  },
  notices: { key: "key", columns: { key: text, chatId: int, messageId: int } },
  tokens: { key: "tokenId", columns: { tokenId: text, userId: int, scopes: json, revoked: bool } },
  control: {
    key: "id",
    columns: { id: int, tradingState: text, reason: text, by: text, tightenedMs: int },
  },
  last_reconcile: { key: "id", columns: { id: int, atMs: int, trigger: text, drift: json } },
  epochs: { key: "epoch", columns: { epoch: int, version: text, pid: int, startedMs: int } },
  history_cursors: { key: "walletId", columns: { walletId: text, slot: int, readMs: int } },
  token_words: {
    key: "wordId",
    columns: {
      wordId: text,
      walletId: text,
      mint: text,
      word: text,
      quantity: amount,
      saidMs: int,
    },
  },
};

export const TABLE_NAMES = Object.keys(FOLDED_TABLES) as TableName[];

/** The columns of a table in the order of its specification. */
export function columnsOf(table: TableName): [name: string, spec: ColumnSpec][] {
  return Object.entries<ColumnSpec>(FOLDED_TABLES[table].columns);
}

/** `entryPriceE9` is stored as `entry_price_e9`: SQL ignores case, so the name must not need it. */
export function sqlName(name: string): string {
  const known = SQL_NAMES.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  SQL_NAMES.set(name, made);
  return made;
}

/** As many as there are columns; asked for with every row that is written. */
const SQL_NAMES = new Map<string, string>();

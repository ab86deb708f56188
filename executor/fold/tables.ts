import type { Amount, RiskInputs } from "@raptor/shared/domain/events.ts";
import type { ExitRuleKind } from "@raptor/shared/domain/exit-rules.ts";
import type {
  ArmedEntryRow,
  AttemptRow,
  ControlRow,
  ExitPlanRow,
  ExitPresetRow,
  FillRow,
  HistoryCursorRow,
  MevChoiceRow,
  JobRow,
  NonceAccountRow,
  NoticeRow,
  OrderRow,
  PositionRow,
  ReconcileRow,
  TokenRow,
  TokenWordRow,
  UserRow,
  WalletRow,
} from "@raptor/shared/domain/rows.ts";

/** `amount` is an integer of any size as decimal text; it has no fraction and no exponent. */
export type ColumnKind = "text" | "amount" | "int" | "bool" | "json";

export interface ColumnSpec {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

export interface TicketClaimRow {
  ticket: string;
  jobId: string;
  userId: number;
}

export interface EpochRow {
  epoch: number;
  version: string;
  pid: number;
  startedMs: number;
}

/** What the risk engine saw when it denied an order; null when it denied before looking. */
export interface DenialRow {
  orderId: string;
  inputs: RiskInputs | null;
}

/** The trigger that made an exit order. */
export interface ExitTriggerRow {
  orderId: string;
  positionId: string;
  rule: ExitRuleKind;
  /** Null in journals of the first release. */
  ruleId: string | null;
  n: number;
  triggerPriceE9: Amount;
  priceE9: Amount;
  priceAgeMs: number;
  /** The highest price, where a trailing stop decided. */
  markE9: Amount | null;
  firedMs: number;
}

/** Tables of one row; the key is always 1. */
export type Singleton<Row> = Row & { id: number };

/** Every folded table and the row that it holds. */
export interface FoldedRows {
  jobs: JobRow;
  ticket_claims: TicketClaimRow;
  users: UserRow;
  wallets: WalletRow;
  orders: OrderRow;
  attempts: AttemptRow;
  fills: FillRow;
  positions: PositionRow;
  nonce_accounts: NonceAccountRow;
  denials: DenialRow;
  exit_plans: ExitPlanRow;
  exit_presets: ExitPresetRow;
  mev_choices: MevChoiceRow;
  armed_entries: ArmedEntryRow;
  exit_triggers: ExitTriggerRow;
  notices: NoticeRow;
  tokens: TokenRow;
  control: Singleton<ControlRow>;
  last_reconcile: Singleton<ReconcileRow>;
  epochs: EpochRow;
  history_cursors: HistoryCursorRow;
  token_words: TokenWordRow;
}

export type TableName = keyof FoldedRows;

type KindOf<Value> = [Value] extends [number]
  ? "int"
  : [Value] extends [boolean]
    ? "bool"
    : [Value] extends [string]
      ? "text" | "amount"
      : "json";

/** Ties the specification to the row type: a column that is missing or of another kind fails. */
type ColumnsOf<Row> = {
  readonly [Name in keyof Row]-?: {
    readonly kind: KindOf<NonNullable<Row[Name]>>;
    readonly nullable: null extends Row[Name] ? true : false;
  };
};

export interface TableSpec<Row> {
  readonly key: keyof Row & string;
  readonly columns: ColumnsOf<Row>;
}

const text = { kind: "text", nullable: false } as const;
const amount = { kind: "amount", nullable: false } as const;
const amountOrNull = { kind: "amount", nullable: true } as const;
const textOrNull = { kind: "text", nullable: true } as const;
const int = { kind: "int", nullable: false } as const;
const intOrNull = { kind: "int", nullable: true } as const;
const bool = { kind: "bool", nullable: false } as const;
const json = { kind: "json", nullable: false } as const;
const jsonOrNull = { kind: "json", nullable: true } as const;

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

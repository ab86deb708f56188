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

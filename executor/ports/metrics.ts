export type MetricLabels = Readonly<Record<string, string>>;

/** Counters, gauges and durations by name; labels come from small fixed sets only. */
export interface Metrics {
  count(name: MetricName, labels?: MetricLabels): void;
  gauge(name: MetricName, value: number, labels?: MetricLabels): void;
  observeMs(name: MetricName, ms: number, labels?: MetricLabels): void;
}

export type MetricName =
  | "jobs_total"
  | "jobs_refused_total"
  | "job_accept_ms"
  | "orders_total"
  | "attempts_total"
  | "attempt_landed_ms"
  | "exits_fast_total"
  | "entries_triggered_total"
  | "exits_triggered_total"
  | "notices_total"
  | "alerts_total"
  | "reconciles_total"
  | "open_positions"
  | "unresolved_attempts"
  | "journal_seq"
  | "mirror_lag_events"
  | "mirror_lag_seconds"
  | "mirror_stopped"
  | "mirror_batch_ms"
  | "loop_lag_ms"
  | "lane_sent"
  | "lane_accepted"
  | "lane_landed"
  | "lane_limited"
  | "lane_held"
  | "lane_tip_lamports"
  | "lane_fee_lamports"
  | "lane_slot_delay"
  | "stream_accounts"
  | "stream_accounts_stale"
  | "stream_accounts_replaced"
  | "stream_accounts_unbelieved"
  | "stream_silences"
  | "stream_resubscribes"
  | "stream_refusals"
  | "stream_drops";

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricLabels, MetricName, Metrics } from "../ports/metrics.ts";

interface Spec {
  kind: "counter" | "gauge" | "histogram";
  help: string;
  labels: readonly string[];
}

const SPECS: Readonly<Record<MetricName, Spec>> = {
  jobs_total: { kind: "counter", help: "Jobs by kind and outcome", labels: ["kind", "outcome"] },
  jobs_refused_total: { kind: "counter", help: "Refused messages by reason", labels: ["reason"] },
  job_accept_ms: { kind: "histogram", help: "Job arrival to commit", labels: [] },
  orders_total: { kind: "counter", help: "Orders that ended", labels: ["side", "outcome"] },
  attempts_total: { kind: "counter", help: "Attempt steps by outcome", labels: ["outcome"] },
  attempt_landed_ms: { kind: "histogram", help: "Attempt prepared to resolved", labels: [] },
  exits_fast_total: { kind: "counter", help: "Exits sent from what was at hand", labels: [] },
  entries_triggered_total: { kind: "counter", help: "Limit buys fired", labels: [] },
  exits_triggered_total: { kind: "counter", help: "Exit rules fired", labels: ["rule"] },
  notices_total: { kind: "counter", help: "Notices by outcome", labels: ["outcome"] },
  alerts_total: { kind: "counter", help: "Alerts by kind", labels: ["kind"] },
  reconciles_total: { kind: "counter", help: "Reconciles by outcome", labels: ["outcome"] },
  open_positions: { kind: "gauge", help: "Open positions", labels: [] },
  unresolved_attempts: { kind: "gauge", help: "Attempts not decided", labels: [] },
  journal_seq: { kind: "gauge", help: "Last journal sequence", labels: [] },
  mirror_lag_events: { kind: "gauge", help: "Events not yet in Postgres", labels: [] },
  mirror_lag_seconds: { kind: "gauge", help: "Age of the oldest of them", labels: [] },
  mirror_stopped: { kind: "gauge", help: "1 when the copy waits for a person", labels: [] },
  mirror_batch_ms: { kind: "histogram", help: "Copying one batch of events", labels: [] },
  loop_lag_ms: { kind: "histogram", help: "Event loop delay", labels: [] },
  lane_sent: { kind: "gauge", help: "Sends so far", labels: ["lane"] },
  lane_accepted: { kind: "gauge", help: "Of them accepted", labels: ["lane"] },
  lane_landed: { kind: "gauge", help: "Accepted attempts that landed", labels: ["lane"] },
  lane_limited: { kind: "gauge", help: "Answers of 429 so far", labels: ["lane"] },
  lane_held: { kind: "gauge", help: "Sends left out so far", labels: ["lane"] },
  lane_tip_lamports: { kind: "gauge", help: "Tips of what landed", labels: ["lane"] },
  lane_fee_lamports: { kind: "gauge", help: "Fees of what landed", labels: ["lane"] },
  lane_slot_delay: {
    kind: "gauge",
    help: "Slots from first send to landing",
    labels: ["lane", "quantile"],
  },
  stream_accounts: { kind: "gauge", help: "Accounts watched by streams", labels: [] },
  stream_accounts_stale: { kind: "gauge", help: "Of them not current", labels: [] },
  stream_accounts_replaced: { kind: "gauge", help: "Silent account streams so far", labels: [] },
  stream_accounts_unbelieved: { kind: "gauge", help: "States of impossible slots", labels: [] },
  stream_silences: { kind: "gauge", help: "Silent connections so far", labels: ["stream"] },
  stream_resubscribes: { kind: "gauge", help: "Subscriptions again so far", labels: ["stream"] },
  stream_refusals: { kind: "gauge", help: "Refused subscriptions so far", labels: ["stream"] },
  stream_drops: { kind: "gauge", help: "Unusable notifications so far", labels: ["stream"] },
};
const BUCKETS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000];

/** Metrics in Prometheus form; `text` is what `/metrics` answers. */
export function createPrometheus(): Metrics & { text(): Promise<string> } {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, spec] of Object.entries(SPECS)) {
    const options = {
      name: `raptor_${name}`,
      help: spec.help,
      labelNames: [...spec.labels],
      registers: [registry],
    };
    if (spec.kind === "counter") counters.set(name, new Counter(options));
    else if (spec.kind === "gauge") gauges.set(name, new Gauge(options));
    else histograms.set(name, new Histogram({ ...options, buckets: BUCKETS_MS }));
  }
  const labelsOf = (labels: MetricLabels | undefined): Record<string, string> => ({ ...labels });
  return {
    count: (name, labels) => counters.get(name)?.inc(labelsOf(labels)),
    gauge: (name, value, labels) => gauges.get(name)?.set(labelsOf(labels), value),
    observeMs: (name, ms, labels) => histograms.get(name)?.observe(labelsOf(labels), ms),
    text: () => registry.metrics(),
  };
}

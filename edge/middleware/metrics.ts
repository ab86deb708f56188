/** Counters of this isolate; a scraper adds up isolates and forgives their restarts. */
export interface Metrics {
  count(name: MetricName, labels: Readonly<Record<string, string>>, by?: number): void;
  /** Prometheus text format. */
  encode(): string;
}

const HELP = {
  raptor_edge_requests_total: "Requests by route and status.",
  raptor_edge_updates_total: "Telegram updates by what became of them.",
  raptor_edge_refusals_total: "Refused requests by reason.",
  raptor_edge_rate_limited_total: "Requests over a limit, by class and by who counted.",
  raptor_edge_executor_total: "Calls to the executor by outcome.",
  raptor_edge_queue_total: "Calls to QStash by outcome.",
  raptor_edge_redis_failures_total: "Redis calls that gave no answer.",
} as const;

export type MetricName = keyof typeof HELP;

/** Labels come from closed lists, so this bound is never met unless that rule is broken. */
const SERIES_MAX = 1_000;

export function createMetrics(): Metrics {
  const series = new Map<string, { name: MetricName; labels: string; value: number }>();
  return {
    count(name, labels, by = 1) {
      const text = Object.entries(labels)
        .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, "_")}"`)
        .join(",");
      const key = `${name}{${text}}`;
      const found = series.get(key);
      if (found !== undefined) found.value += by;
      else if (series.size < SERIES_MAX) series.set(key, { name, labels: text, value: by });
    },
    encode() {
      const lines: string[] = [];
      for (const [name, help] of Object.entries(HELP)) {
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
        for (const one of series.values()) {
          if (one.name === name) lines.push(`${name}{${one.labels}} ${one.value}`);
        }
      }
      return `${lines.join("\n")}\n`;
    },
  };
}

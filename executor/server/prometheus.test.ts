import { describe, it } from "vitest";
import { createPrometheus } from "./prometheus.ts";

async function linesOf(metrics: ReturnType<typeof createPrometheus>): Promise<string[]> {
  return (await metrics.text()).split("\n");
}

describe("metrics", () => {
  it("count by label, keep the last gauge and sort times into buckets", async ({ expect }) => {
    const metrics = createPrometheus();
    metrics.count("jobs_total", { kind: "buy", outcome: "accepted" });
    metrics.count("jobs_total", { kind: "buy", outcome: "accepted" });
    metrics.count("jobs_total", { kind: "sell", outcome: "accepted" });
    metrics.gauge("open_positions", 3);
    metrics.gauge("open_positions", 2);
    metrics.observeMs("job_accept_ms", 3);
    metrics.observeMs("job_accept_ms", 40_000);
    const lines = await linesOf(metrics);
    expect(lines).toContain('raptor_jobs_total{kind="buy",outcome="accepted"} 2');
    expect(lines).toContain('raptor_jobs_total{kind="sell",outcome="accepted"} 1');
    expect(lines).toContain("raptor_open_positions 2");
    expect(lines).toContain('raptor_job_accept_ms_bucket{le="2.5"} 0');
    expect(lines).toContain('raptor_job_accept_ms_bucket{le="5"} 1');
    expect(lines).toContain('raptor_job_accept_ms_bucket{le="30000"} 1');
    expect(lines).toContain('raptor_job_accept_ms_bucket{le="+Inf"} 2');
    expect(lines).toContain("raptor_job_accept_ms_sum 40003");
  });

  it("are listed with help and kind before anything happened", async ({ expect }) => {
    const lines = await linesOf(createPrometheus());
    expect(lines).toContain("# TYPE raptor_jobs_refused_total counter");
    expect(lines).toContain("# HELP raptor_unresolved_attempts Attempts not decided");
    const kinds = lines.filter((line) => line.startsWith("# TYPE raptor_"));
    expect(kinds).toHaveLength(36);
  });

  it("are in the form that scrapers read", async ({ expect }) => {
    const metrics = createPrometheus();
    metrics.count("alerts_total", { kind: 'a "quoted"\nkind\\' });
    const sample = /^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(,[a-z]+="[^"]*")*\})? -?[\d.e+-]+$/;
    for (const line of await linesOf(metrics)) {
      if (line !== "" && !line.startsWith("# ")) expect(line).toMatch(sample);
    }
  });

  it("of one executor never mix with those of another", async ({ expect }) => {
    const [one, other] = [createPrometheus(), createPrometheus()];
    one.gauge("journal_seq", 9);
    expect(await linesOf(other)).toContain("raptor_journal_seq 0");
  });
});

import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { MirrorHealth } from "./mirror-health.ts";

const LAG = { copiedSeq: 7, events: 2, ms: 61_000 };

function createHealth() {
  const shouts: string[] = [];
  const logged: string[] = [];
  const write = (fields: object): void => void logged.push(JSON.stringify(fields));
  const health = new MirrorHealth({
    clock: {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep: () => Promise.reject(new Error("expected no sleep")),
      defer: () => {},
    },
    log: { debug: write, info: write, warn: write, error: write },
    metrics: { count() {}, gauge() {}, observeMs() {} },
    mode: "async",
    syncMs: 1_000,
    shout: (text) => void shouts.push(text),
  });
  return { health, shouts, logged };
}

describe("the health of the copy", () => {
  it("names no host and no user to whoever asks, and both to the operators", ({ expect }) => {
    const { health, shouts, logged } = createHealth();
    const reason = 'password authentication failed for user "owner" at db.desk.example';
    health.noteTrouble(
      new RaptorError("RAPTOR_POSTGRES__REFUSED", { reason, sqlState: "28P01" }),
      LAG,
    );
    const { ok, detail } = health.report(LAG);
    expect([ok, detail]).toEqual([
      false,
      "async, seq 7, lag 2 events, 61.0 s; Postgres refused the request, SQL state 28P01",
    ]);
    expect(shouts.join()).toContain("db.desk.example");
    expect(logged.join()).toContain("db.desk.example");
  });
});

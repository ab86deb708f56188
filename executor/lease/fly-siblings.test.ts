import { describe, it } from "vitest";
import { NetFailure, type Net, type NetRequest } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import { findSibling, judgeMachines } from "./fly-siblings.ts";
import { QUIET_LOG, VirtualProcess, VirtualWorld } from "./virtual-world-fixture.ts";

function machine(id: string, createdAt: string, state = "started", group = "app") {
  return { id, state, created_at: createdAt, config: { metadata: { fly_process_group: group } } };
}

const ME = machine("me", "2026-11-21T10:00:00Z");
const EARLIER = "2026-11-20T10:00:00Z";
const judge = (...others: object[]) => judgeMachines(JSON.stringify([ME, ...others]), "me");

describe("the Machines of this app", () => {
  it("has nobody before the oldest one that can run", ({ expect }) => {
    expect(judge()).toEqual({ outcome: "alone" });
    expect(judge(machine("newer", "2026-11-21T10:00:01Z"))).toEqual({ outcome: "alone" });
    for (const state of ["started", "starting", "stopping", "replacing", "a state of next year"]) {
      expect(judge(machine("old", EARLIER, state))).toMatchObject({ outcome: "sibling" });
    }
    for (const state of ["stopped", "suspended", "created", "destroyed"]) {
      expect(judge(machine("old", EARLIER, state))).toEqual({ outcome: "alone" });
    }
  });

  it("counts no Machine that runs another command", ({ expect }) => {
    const release = machine("old", EARLIER, "started", "fly_app_release_command");
    expect(judge(release)).toEqual({ outcome: "alone" });
  });

  it("makes one of two Machines of the same moment the older one", ({ expect }) => {
    const list = JSON.stringify([ME, { ...ME, id: "other" }]);
    const verdicts = ["me", "other"].map((id) => judgeMachines(list, id).outcome);
    expect(verdicts).toEqual(["alone", "sibling"]);
  });

  it.for([
    "",
    "{}",
    "[]",
    "null",
    JSON.stringify([{ ...ME, id: "stranger" }]),
    JSON.stringify([ME, { id: "no state" }]),
    JSON.stringify([ME, { ...ME, id: "x", created_at: "yesterday" }]),
  ])("knows nothing from %s", (body, { expect }) => {
    expect(judgeMachines(body, "me")).toMatchObject({ outcome: "unknown" });
  });
});

describe("asking Fly", () => {
  async function ask(answers: (() => { status: number; body: string })[]) {
    const world = new VirtualWorld();
    const { clock } = new VirtualProcess(world, 1, 0);
    const requests: NetRequest[] = [];
    const net: Net = {
      fetch: async (request) => {
        requests.push(request);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        return { headers: {}, ...(answer?.() ?? { status: 500, body: "" }) };
      },
      connect: () => {
        throw new Error("nobody opens a socket here");
      },
    };
    const token = new Secret("t".repeat(24));
    const place = { apiUrl: "http://_api.internal:4280", app: "desk", machine: "me", token };
    const asked = findSibling({ net, clock, log: QUIET_LOG }, place, 10_000);
    await world.runUntil(60_000);
    return { verdict: await asked, requests };
  }

  it("repeats the question after errors and lost answers, for a bounded time", async ({
    expect,
  }) => {
    const lose = () => {
      throw new NetFailure("timeout", "_api.internal");
    };
    const bad = () => ({ status: 503, body: "" });
    const good = () => ({ status: 200, body: JSON.stringify([ME]) });
    const found = await ask([lose, bad, good]);
    expect(found.verdict).toEqual({ outcome: "alone" });
    expect(found.requests).toHaveLength(3);
    expect(found.requests[0]).toMatchObject({
      url: "http://_api.internal:4280/v1/apps/desk/machines",
      headers: { authorization: `Bearer ${"t".repeat(24)}` },
    });
    const never = await ask([bad]);
    expect(never.verdict).toMatchObject({ outcome: "unknown" });
    expect(never.requests.length).toBeLessThanOrEqual(6);
  });
});

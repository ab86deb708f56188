import { describe, it } from "vitest";
import type { Pubkey } from "../values/pubkey.ts";
import { TRADING_STATES } from "../domain/trading-state.ts";
import { API_SCOPES, isUrgentJob, JOB_BYTES_MAX, jobSchema, SCREENS, type Job } from "./job.ts";

const MINT = "So11111111111111111111111111111111111111112" as Pubkey;
const head = {
  id: "tg:1000000001:42",
  actor: { kind: "telegram" as const, userId: 7, chatId: 7, name: "Ann" },
  createdMs: 1_790_000_000_000,
};
const press = {
  kind: "press" as const,
  callbackQueryId: "99",
  messageId: 5,
  op: "h",
  arg: "",
  ticket: "",
  tag: "A".repeat(11),
};

/** One good job of every kind; the type makes a missing kind an error. */
const GOOD: { [K in Job["kind"]]: Extract<Job, { kind: K }> } = {
  start: { ...head, kind: "start" },
  showScreen: { ...head, kind: "showScreen", screen: "home" },
  showToken: { ...head, kind: "showToken", mint: MINT },
  why: { ...head, kind: "why", about: "ord_abc" },
  buy: { ...head, kind: "buy", mint: MINT, amountText: "0.5" },
  sell: { ...head, kind: "sell", mint: MINT, percentText: "all" },
  press: { ...head, ...press },
  say: { ...head, kind: "say", text: "0.35", replyToMessageId: 4 },
  pause: { ...head, kind: "pause" },
  resume: { ...head, kind: "resume" },
  panic: { ...head, kind: "panic" },
  setTradingState: { ...head, kind: "setTradingState", state: "halted", reason: "test" },
  issueToken: { ...head, kind: "issueToken", scopes: ["status"] },
  revokeTokens: { ...head, kind: "revokeTokens" },
  setExits: {
    ...head,
    actor: { kind: "admin" },
    kind: "setExits",
    positionId: "pos_aaaaaaaaaaaaaaaa",
    rulesText: "sl 30",
  },
  reconcile: { ...head, actor: { kind: "cron", name: "reconcile" }, kind: "reconcile" },
};
const isTaken = (job: unknown): boolean => jobSchema.safeParse(job).success;

describe("a job", () => {
  it("of every kind survives the wire unchanged", ({ expect }) => {
    for (const job of Object.values(GOOD)) {
      expect(jobSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(job);
    }
  });

  it("with a member too many is refused, at every depth", ({ expect }) => {
    for (const job of Object.values(GOOD)) {
      expect(isTaken({ ...job, extra: 1 })).toBe(false);
      expect(isTaken({ ...job, userId: 8 })).toBe(false);
      expect(isTaken({ ...job, actor: { ...job.actor, isAdmin: true } })).toBe(false);
    }
  });

  it("with a member too few is refused", ({ expect }) => {
    for (const job of Object.values(GOOD)) {
      for (const name of Object.keys(job)) {
        const without = Object.fromEntries(Object.entries(job).filter(([one]) => one !== name));
        expect([job.kind, name, isTaken(without)]).toEqual([
          job.kind,
          name,
          name === "replyToMessageId",
        ]);
      }
    }
  });

  it.for<[string, Record<string, unknown>]>([
    ["an unknown kind", { ...GOOD.pause, kind: "withdraw" }],
    ["an id of nobody's", { ...GOOD.pause, id: "xx:1" }],
    ["an id with a path", { ...GOOD.pause, id: "qs:../../etc" }],
    ["an id that goes on", { ...GOOD.pause, id: "tg:1:2\ntg:1:3" }],
    ["an id without a number", { ...GOOD.pause, id: "tg:1:" }],
    ["a person with a negative id", { ...GOOD.pause, actor: { ...head.actor, userId: -7 } }],
    ["a person with half an id", { ...GOOD.pause, actor: { ...head.actor, userId: 7.5 } }],
    ["a person with an inexact id", { ...GOOD.pause, actor: { ...head.actor, userId: 2 ** 53 } }],
    ["an endless name", { ...GOOD.pause, actor: { ...head.actor, name: "a".repeat(129) } }],
    ["a mint that is no address", { ...GOOD.buy, mint: "0".repeat(44) }],
    ["a mint that is a short address", { ...GOOD.buy, mint: "1".repeat(31) }],
    ["an amount that is a number", { ...GOOD.buy, amountText: 0.5 }],
    ["an endless amount", { ...GOOD.buy, amountText: "1".repeat(65) }],
    ["no amount", { ...GOOD.buy, amountText: "" }],
    ["a screen that is not there", { ...GOOD.showScreen, screen: "vault" }],
    ["a trading state that is not there", { ...GOOD.setTradingState, state: "on" }],
    ["a scope that is not there", { ...GOOD.issueToken, scopes: ["withdraw"] }],
    ["too many scopes", { ...GOOD.issueToken, scopes: [...API_SCOPES, "status"] }],
    ["a short tag", { ...GOOD.press, tag: "A".repeat(10) }],
    ["a long ticket", { ...GOOD.press, ticket: "A".repeat(17) }],
    ["a deadline before the epoch", { ...GOOD.pause, deadlineMs: -1 }],
    ["a time in text", { ...GOOD.pause, createdMs: "now" }],
  ])("with %s is refused", ([, job], { expect }) => {
    expect(isTaken(job)).toBe(false);
  });

  it("takes each id family, screen, state and scope", ({ expect }) => {
    const ids = [
      "qs:msg_26hZCxZCuWyyTWPmSVBrNCtiJGPx-_",
      `ui:${"0".repeat(8)}-aaaa-4aaa-8aaa-${"b".repeat(12)}`,
    ];
    for (const id of ids) expect(isTaken({ ...GOOD.pause, id })).toBe(true);
    for (const screen of SCREENS) expect(isTaken({ ...GOOD.showScreen, screen })).toBe(true);
    for (const state of TRADING_STATES) {
      expect(isTaken({ ...GOOD.setTradingState, state })).toBe(true);
    }
    expect(isTaken({ ...GOOD.issueToken, scopes: [...API_SCOPES] })).toBe(true);
  });

  it("of the greatest length stays below the limit of a body", ({ expect }) => {
    const actor = { ...head.actor, name: "\u{1f996}".repeat(64) };
    const longest = { ...GOOD.setTradingState, actor, reason: "\u0001".repeat(256) };
    expect(isTaken(longest)).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(longest))).toBeLessThan(JOB_BYTES_MAX);
  });
});

describe("urgent jobs", () => {
  it("are those that close or protect", ({ expect }) => {
    const kinds = Object.values(GOOD)
      .filter(isUrgentJob)
      .map(({ kind }) => kind);
    expect(kinds).toEqual(["sell", "panic", "setTradingState"]);
    for (const [op, isUrgent] of [
      ["u", true],
      ["q", true],
      ["z", true],
      ["t", false],
      ["h", false],
    ]) {
      expect(isUrgentJob({ ...GOOD.press, op: String(op) })).toBe(isUrgent);
    }
  });
});

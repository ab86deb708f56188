import fc from "fast-check";
import { describe, it, type ExpectStatic } from "vitest";
import { ENTRY_OP, encodeCallbackData, parseCallbackData } from "@raptor/shared/wire/callback.ts";
import { exitsModel, presetModel, previewModel } from "./exit-models-fixture.ts";
import { exitPreviewScreen, exitsScreen, settingsScreen } from "./exits.ts";
import { homeScreen, walletScreen } from "./home.ts";
import { amount, ADDRESS, hostile, homeModel, orderModel } from "./models-fixture.ts";
import { positionView, statusView, tokenModel } from "./models-fixture.ts";
import { orderScreen } from "./order.ts";
import { adoptedScreen, driftScreen, foundScreen } from "./drift.ts";
import { apiTokenScreen, helpScreen, noticeScreen } from "./plain.ts";
import { panicConfirmScreen, panicStartedScreen, statusScreen } from "./plain.ts";
import { positionsScreen } from "./positions.ts";
import { TRADES_LISTED, tradesScreen, whyScreen } from "./why.ts";
import { NAV_OPS, type Screen, type ScreenButton } from "./screen.ts";
import { promptScreen, tokenScreen } from "./token.ts";

const TEXT_CHARS_MAX = 4_096;
/** What Telegram shows of a button on a narrow phone before it cuts, generously. */
const BUTTON_CHARS_MAX = 40;
const CALLBACK_BYTES_MAX = 64;

function callbackOf(button: ScreenButton): string | undefined {
  const rest = { ticket: "T".repeat(16), tag: "A".repeat(11) };
  if ("nav" in button) {
    return encodeCallbackData({ op: NAV_OPS[button.nav], arg: button.arg ?? "", ...rest });
  }
  return "action" in button ? encodeCallbackData({ op: ENTRY_OP, arg: "", ...rest }) : undefined;
}

function checkButton(expect: ExpectStatic, button: ScreenButton): void {
  expect(button.text.trim()).not.toBe("");
  expect(button.text.isWellFormed()).toBe(true);
  expect(button.text.length).toBeLessThanOrEqual(BUTTON_CHARS_MAX);
  const data = callbackOf(button);
  if (data !== undefined) {
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(CALLBACK_BYTES_MAX);
    expect(parseCallbackData(data)).toBeDefined();
  }
  if ("url" in button) expect(URL.canParse(button.url)).toBe(true);
  if ("copyText" in button) expect(button.copyText.length).toBeLessThanOrEqual(256);
}

/** What holds for every screen, whatever the chain, a venue or a person put into it. */
function checkScreen(expect: ExpectStatic, screen: Screen): void {
  const { text, entities, rows } = screen;
  expect(text.trim()).not.toBe("");
  expect(text.length).toBeLessThanOrEqual(TEXT_CHARS_MAX);
  expect(text.isWellFormed()).toBe(true);
  expect(text).not.toMatch(/undefined|NaN|\bnull\b|\[object|Infinity/);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u);
  for (const { offset, length } of entities) {
    expect(length).toBeGreaterThan(0);
    expect(offset + length).toBeLessThanOrEqual(text.length);
    expect(text.slice(offset, offset + length).isWellFormed()).toBe(true);
  }
  expect(rows.every((row) => row.length > 0 && row.length <= 8)).toBe(true);
  expect(rows.flat().length).toBeLessThanOrEqual(100);
  for (const button of rows.flat()) checkButton(expect, button);
}

function leadsHome(screen: Screen): boolean {
  return screen.rows.flat().some((button) => "nav" in button && button.nav === "home");
}

describe("every screen", () => {
  const cases: [string, fc.Arbitrary<Screen>][] = [
    ["token", tokenModel.map(tokenScreen)],
    ["order", orderModel.map(orderScreen)],
    [
      "positions",
      fc
        .record({
          positions: fc.array(positionView, { maxLength: 12 }),
          page: fc.nat({ max: 5 }),
          nowMs: fc.nat(),
        })
        .map(positionsScreen),
    ],
    [
      "status",
      fc.record({ view: statusView, ownPositions: fc.nat(), nowMs: fc.nat() }).map(statusScreen),
    ],
    [
      "wallet",
      fc
        .record({
          address: fc.constant(ADDRESS),
          lamports: fc.option(amount),
          nonces: fc.record({ count: fc.nat(16), lamports: amount, isMoving: fc.boolean() }),
          nowMs: fc.nat(),
        })
        .map(walletScreen),
    ],
    ["exits", exitsModel.map(exitsScreen)],
    ["settings", presetModel.map(settingsScreen)],
    ["preview of exits", previewModel.map(exitPreviewScreen)],
    [
      "notice",
      fc.array(hostile, { minLength: 1, maxLength: 12 }).map((lines) => noticeScreen(lines)),
    ],
    [
      "drift",
      fc
        .array(
          fc.record({
            symbol: hostile,
            decimals: fc.option(fc.integer({ min: 0, max: 18 })),
            ledgerQuantity: amount.map(String),
            chainQuantity: amount.map(String),
            links: fc.array(fc.constant(`https://solscan.io/tx/${"5".repeat(88)}`), {
              maxLength: 5,
            }),
          }),
          { minLength: 1, maxLength: 60 },
        )
        .map((lost) => driftScreen(lost, 0)),
    ],
    [
      "found",
      fc
        .record({
          walletId: fc.constant("wal_test"),
          mint: fc.constant(ADDRESS),
          symbol: hostile,
          decimals: fc.integer({ min: 0, max: 18 }),
          quantity: amount.map(String),
          valueLamports: fc.option(amount.map(String)),
          isHeld: fc.boolean(),
          links: fc.array(fc.constant(`https://solscan.io/tx/${"5".repeat(88)}`), {
            maxLength: 5,
          }),
        })
        .map((found) => foundScreen(found)),
    ],
    [
      "adopted",
      fc
        .record({
          symbol: hostile,
          decimals: fc.integer({ min: 0, max: 18 }),
          quantity: amount.map(String),
          cost: fc.constantFrom("market" as const, "entry" as const, "unknown" as const),
          costLamports: amount.map(String),
          hasExits: fc.boolean(),
        })
        .map(adoptedScreen),
    ],
    [
      "why",
      fc
        .record({
          id: hostile,
          steps: fc.array(fc.record({ tsMs: fc.nat(), sinceMs: fc.integer(), meaning: hostile }), {
            maxLength: 40,
          }),
          page: fc.nat({ max: 8 }),
          nowMs: fc.nat(),
        })
        .map(whyScreen),
    ],
    [
      "last trades",
      fc
        .array(
          fc.record({
            symbol: hostile,
            side: fc.constantFrom("buy" as const, "sell" as const),
            notionalLamports: amount.map(String),
            tsMs: fc.nat(),
          }),
          { maxLength: TRADES_LISTED },
        )
        .map((trades) => tradesScreen(trades, 0)),
    ],
    ["panic", fc.nat({ max: 1_000 }).map(panicConfirmScreen)],
    ["panic under way", fc.nat({ max: 1_000 }).map(panicStartedScreen)],
    ["help", fc.constant(helpScreen())],
    ["token of the API", fc.constant(apiTokenScreen(`rpt_${"a".repeat(60)}`, ["status"]))],
  ];

  it.for(cases)("of kind %s fits into a message and leads home", ([, screens], { expect }) => {
    fc.assert(
      fc.property(screens, (screen) => {
        checkScreen(expect, screen);
        expect(leadsHome(screen)).toBe(true);
      }),
      { seed: 5, numRuns: 400 },
    );
  });

  it("that is home itself fits too, and offers the emergency brake", ({ expect }) => {
    fc.assert(
      fc.property(homeModel, (model) => {
        const screen = homeScreen(model);
        checkScreen(expect, screen);
        const navs = screen.rows.flat().map((button) => ("nav" in button ? button.nav : ""));
        expect(navs).toContain("askPanic");
        expect(navs).toContain("refresh");
      }),
      { seed: 6, numRuns: 400 },
    );
  });

  it("that asks for a number fits and waits for the answer", ({ expect }) => {
    fc.assert(
      fc.property(hostile, (symbol) => {
        const screen = promptScreen(symbol);
        checkScreen(expect, screen);
        expect(screen.forceReply).toBe(true);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

describe("positions", () => {
  it("are all reachable by the arrows, however many there are", ({ expect }) => {
    const [position] = fc.sample(positionView, { seed: 8, numRuns: 1 });
    if (position === undefined) throw new Error("expected a sample");
    const positions = Array.from({ length: 1_000 }, () => position);
    const seen = new Set<number>();
    for (let page = 0; !seen.has(page);) {
      seen.add(page);
      const screen = positionsScreen({ positions, page, nowMs: 0 });
      checkScreen(expect, screen);
      const next = screen.rows.flat().find((button) => button.text === "▶");
      if (next === undefined || !("arg" in next)) break;
      page = Number.parseInt(next.arg ?? "", 36);
    }
    expect(seen.size).toBe(200);
  });
});

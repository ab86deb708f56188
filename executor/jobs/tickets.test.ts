import { describe, it } from "vitest";
import { parseCallbackData } from "@raptor/shared/wire/callback.ts";
import { USER, withDesk, type TestDesk } from "../engine/engine-fixture.ts";
import { TicketIssuer } from "./tickets.ts";

async function dataOf(desk: TestDesk, button: Parameters<typeof screenWith>[0]) {
  const content = await desk.transact((tx) =>
    desk.engine.tickets.issue(tx, USER, USER, screenWith(button)),
  );
  const [made] = content.keyboard[0] ?? [];
  const data = made && "callbackData" in made ? parseCallbackData(made.callbackData) : undefined;
  if (data === undefined) throw new Error("expected a button with data");
  return data;
}

type Screen = Parameters<TicketIssuer["issue"]>[3];

function screenWith(button: Screen["rows"][number][number]): Screen {
  return { text: "card", entities: [], rows: [[button]] };
}

const panic = { text: "Sell all", action: { kind: "panic" }, lifetime: "menu" } as const;
const sell = {
  text: "Sell",
  action: { kind: "sell", positionId: "pos_1", quantityBps: 2_500 },
  lifetime: "trade",
} as const;

describe("a button", () => {
  it("is genuine in its own chat, with its own operation, argument and ticket", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const { tickets } = desk.engine;
      const data = await dataOf(desk, sell);
      const other = await dataOf(desk, panic);
      expect(tickets.isGenuine(USER, data)).toBe(true);
      expect(tickets.isGenuine(USER + 1, data)).toBe(false);
      expect(tickets.isGenuine(USER, { ...data, op: "t" })).toBe(false);
      expect(tickets.isGenuine(USER, { ...data, arg: "1" })).toBe(false);
      expect(tickets.isGenuine(USER, { ...data, ticket: other.ticket })).toBe(false);
      expect(tickets.isGenuine(USER, { ...data, tag: other.tag })).toBe(false);
      expect(tickets.isGenuine(USER, { ...data, tag: data.tag.slice(1) })).toBe(false);
    });
  });

  it("of another key is not genuine", async ({ expect }) => {
    await withDesk(async (desk) => {
      const other = new TicketIssuer({
        key: Buffer.alloc(32, 9),
        ids: { token: () => "x".repeat(16) },
        clock: desk.clock,
        lifetimesMs: { trade: 1, menu: 1 },
      });
      expect(other.isGenuine(USER, await dataOf(desk, sell))).toBe(false);
    });
  });

  it("that moves money gets a ticket of its own, which ends after its lifetime", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const first = await dataOf(desk, sell);
      const second = await dataOf(desk, panic);
      expect(first.ticket).not.toBe(second.ticket);
      const nowMs = desk.clock.nowMs();
      expect(desk.store.ticket(first.ticket)).toMatchObject({
        userId: USER,
        chatId: USER,
        action: sell.action,
        expiresMs: nowMs + 60_000,
      });
      expect(desk.store.ticket(second.ticket)?.expiresMs).toBe(nowMs + 300_000);
    });
  });

  it("that opens a position is told from one that closes", async ({ expect }) => {
    await withDesk(async (desk) => {
      const action = {
        kind: "buy",
        mint: "M",
        notionalLamports: "1",
        slippageBpsMax: 1,
        guardOverride: false,
      } as const;
      expect((await dataOf(desk, { text: "Buy", action, lifetime: "trade" })).op).toBe("t");
      expect((await dataOf(desk, sell)).op).toBe("u");
      expect((await dataOf(desk, panic)).op).toBe("u");
    });
  });

  it("that navigates has no ticket and says nothing of money", async ({ expect }) => {
    await withDesk(async (desk) => {
      const data = await dataOf(desk, { text: "Positions", nav: "positions", arg: "2" });
      expect(data).toMatchObject({ op: "p", arg: "2", ticket: "" });
      expect(desk.engine.tickets.isGenuine(USER, data)).toBe(true);
    });
  });
});

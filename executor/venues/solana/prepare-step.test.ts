import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { describe, test } from "vitest";
import { FakeLog } from "./fake-net.ts";
import { refuse, refused } from "./prepare-step.ts";

const ORDER = { orderId: "ord", instrument: "Mint.SOLANA" } as OrderRow;
const WORDS = { suspicious: "suspicious", plain: "plain" };

describe("a refusal before anything was signed", () => {
  const told = (more: object) =>
    refuse(new FakeLog(), ORDER, { ...refused("why", false), ...more }, WORDS);

  test("tells the engine that only the wallet was in the way", ({ expect }) => {
    expect(told({ isWalletBusy: true })).toEqual({
      outcome: "refused",
      reason: "why",
      alert: false,
      isWalletBusy: true,
    });
  });

  test("tells that only a nonce is too long, and otherwise no more than the reason", ({
    expect,
  }) => {
    expect(told({ onlyNonceTooLong: true })).toMatchObject({ onlyNonceTooLong: true });
    expect(told({})).toEqual({ outcome: "refused", reason: "why", alert: false });
  });
});

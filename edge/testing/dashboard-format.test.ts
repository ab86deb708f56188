import { describe, it } from "vitest";
import { ago, decimal, duration, gainPercent, short, signed } from "../dashboard/format.js";

describe("figures of the dashboard", () => {
  it.for<[string, number, number, string]>([
    ["0", 9, 4, "0"],
    ["1", 9, 4, "0.000000001"],
    ["-93000", 9, 4, "-0.000093"],
    ["99999", 9, 4, "0.000099"],
    ["100000", 9, 4, "0.0001"],
    ["1999990000", 9, 4, "1.9999"],
    ["476480077312345", 9, 4, "476,480.0773"],
    ["18446744073709551615", 9, 4, "18,446,744,073.7095"],
    ["7", 0, 4, "7"],
    ["1234567", 0, 4, "1,234,567"],
  ])(
    "show %s units at %i decimals cut to %i as %s",
    ([units, decimals, digits, text], { expect }) => {
      expect(decimal(units, decimals, digits)).toBe(text);
    },
  );

  it.for<[bigint, bigint, string]>([
    [150n, 100n, "+50 %"],
    [100n, 300n, "-66.66 %"],
    [999_999n, 1_000_000n, "-<0.01 %"],
    [100n, 100n, "0 %"],
    [5n, 0n, ""],
  ])("show a worth of %d over a cost of %d as %s", ([value, cost, text], { expect }) => {
    expect(gainPercent(value, cost)).toBe(text);
  });

  it("keep times and addresses short", ({ expect }) => {
    expect([119_000, 120_000, 7_200_000, 172_800_000].map(duration)).toEqual([
      "119 s",
      "2 min",
      "2 h",
      "2 d",
    ]);
    expect(ago(-5)).toBe("0 s ago");
    expect(short("87Qp42yCYA4CY3WxAoa3ETv9yw27vFFbKSy4DLVcEJhN")).toBe("87Qp…EJhN");
    expect([signed(1), signed(-1), signed(0)]).toEqual(["+1", "-1", "0"]);
  });
});

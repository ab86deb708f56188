import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";

const ADDRESS = /"([1-9A-HJ-NP-Za-km-z]{43,44})"/g;

function listed(path: string): string[] {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  return [...readFileSync(file, "utf8").matchAll(ADDRESS)].map(([, address = ""]) => address);
}

/** Three lists on purpose: the signer believes nobody, and a stand-in is a second reader. */
describe("the tip accounts", () => {
  const signer = listed("executor/signer/tip-accounts.ts");

  test("of the signer are eight of Jito's, ten of Helius' and sixteen of Jupiter's", ({
    expect,
  }) => {
    expect(signer).toHaveLength(34);
    expect(new Set(signer).size).toBe(34);
  });

  test.for(["executor/venues/solana/tip-accounts.ts", "sim/models/lane-tip-accounts.ts"])(
    "of %s are those that the signer pays, in the same order",
    (path, { expect }) => {
      expect(listed(path)).toEqual(signer);
    },
  );
});

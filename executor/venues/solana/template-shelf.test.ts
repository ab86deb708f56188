import { describe, test } from "vitest";
import { decodePool, type DirectPool } from "../../pools/direct-pool.ts";
import type { DirectPlan } from "./direct-template.ts";
import { MINT, SWAP, swapAccounts } from "./pool-bytes-fixture.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { addressOf } from "./streams-fixture.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";
import { TemplateShelf } from "./template-shelf.ts";

const WALLET = addressOf(1);

function pool(): DirectPool {
  const accounts = swapAccounts(500_000_000_000_000n, 90_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const decoded = decodePool(SWAP, bytes);
  if (decoded.kind === "unusable") throw new Error(decoded.reason);
  return decoded;
}

function planOf(change: Partial<DirectPlan> = {}, mint = MINT, wallet = WALLET): DirectPlan {
  const accounts = deriveSwapAccounts(wallet, mint, TOKEN_PROGRAM);
  return { side: "sell", accounts, isNative: false, hasNonce: true, tipCount: 0, ...change };
}

describe("a compiled trade", () => {
  test("serves the same wallet and pool again, whatever its reserves are by then", ({ expect }) => {
    const shelf = new TemplateShelf();
    const first = shelf.get(planOf(), pool());
    const moved = { ...pool(), baseReserve: 7n, quoteReserve: 9n };
    expect(shelf.get(planOf(), moved)).toBe(first);
    expect(shelf.size).toBe(1);
  });

  test("is never used for another pool, token, wallet or account list", ({ expect }) => {
    const shelf = new TemplateShelf();
    const known = pool();
    const first = shelf.get(planOf(), known);
    const other = addressOf(77);
    const others = [
      shelf.get(planOf(), { ...known, ref: { ...known.ref, address: other } }),
      shelf.get(planOf({}, other), { ...known, ref: { ...known.ref, mint: other } }),
      shelf.get(planOf({}, MINT, other), known),
      shelf.get(planOf(), { ...known, accountsKey: "others" }),
    ];
    expect(others.every((compiled) => compiled.ok && compiled !== first)).toBe(true);
    expect(shelf.size).toBe(5);
  });

  test("is of one side, one lifetime and one count of tips", ({ expect }) => {
    const shelf = new TemplateShelf();
    shelf.get(planOf(), pool());
    shelf.get(planOf({ side: "buy" }), pool());
    shelf.get(planOf({ hasNonce: false }), pool());
    shelf.get(planOf({ tipCount: 1 }), pool());
    expect(shelf.size).toBe(4);
  });
});

import fc from "fast-check";
import { describe, test } from "vitest";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { decodePool, poolInstruction } from "../../pools/direct-pool.ts";
import type { DirectPool, PoolRef } from "../../pools/direct-pool.ts";
import { compileTemplate, type DirectPlan, patchTemplate } from "./direct-template.ts";
import { CURVE, curveAccounts, MINT, SWAP, swapAccounts } from "./pool-bytes-fixture.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { addressOf, type FakeAccount } from "./streams-fixture.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";
import { compileSwapMessage } from "./swap-message.ts";

const SEED = 20_261_121;
const WALLET = "9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN";

function poolOf(ref: PoolRef, accounts: ReadonlyMap<string, FakeAccount>): DirectPool {
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(ref, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

const POOLS = [
  poolOf(CURVE, curveAccounts(1_000_000_000_000_000n, 40_000_000_000n)),
  poolOf(SWAP, swapAccounts(500_000_000_000_000n, 90_000_000_000n)),
];
const SHAPES = POOLS.flatMap((pool) =>
  (["buy", "sell"] as const).flatMap((side) =>
    [true, false].flatMap((hasNonce) =>
      [0, 1].map((tipCount) => ({ pool, side, hasNonce, tipCount })),
    ),
  ),
);

function planOf({ pool, side, hasNonce, tipCount }: (typeof SHAPES)[number]): DirectPlan {
  const accounts = deriveSwapAccounts(WALLET, MINT, TOKEN_PROGRAM);
  return { side, accounts, isNative: pool.kind === "pump", hasNonce, tipCount };
}

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u64 = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const numbers = fc.record({
  lifetime: key,
  nonce: key,
  unitLimit: fc.integer({ min: 1, max: 1_400_000 }),
  unitPriceMicroLamports: u64,
  quantityIn: u64,
  quantityOutMin: u64,
  tipLamports: u64,
  tipAccount: fc.integer({ min: 1, max: 50 }).map((n) => addressOf(800_000 + n)),
});

describe("a patched template", () => {
  test("has the bytes that compiling the trade anew would give", ({ expect }) => {
    let compared = 0;
    fc.assert(
      fc.property(fc.constantFrom(...SHAPES), numbers, (shape, drawn) => {
        const { pool, side, hasNonce, tipCount } = shape;
        const plan = planOf(shape);
        const compiled = compileTemplate(plan, pool);
        const { quantityIn, quantityOutMin, unitLimit, unitPriceMicroLamports, lifetime } = drawn;
        const nonceAccount = hasNonce ? encodeBase58(drawn.nonce) : undefined;
        const tips = [{ account: drawn.tipAccount, lamports: drawn.tipLamports }].slice(
          0,
          tipCount,
        );
        const order = { wallet: WALLET, side, quantityIn, quantityOutMin };
        const { programId, accounts, data } = poolInstruction(pool, order);
        const anew = compileSwapMessage(
          {
            side,
            accounts: plan.accounts,
            ...(plan.isNative === undefined ? {} : { isNative: plan.isNative }),
            quantityIn,
            unitLimit,
            unitPriceMicroLamports,
            swap: {
              programId,
              accounts: [...accounts],
              data: Buffer.from(data).toString("base64"),
            },
            guard: undefined,
            nonceAccount,
            tips: tips.map((tip) => ({ ...tip, taker: "jito" as const })),
          },
          [],
          encodeBase58(lifetime),
        );
        expect(compiled.ok).toBe(anew.ok);
        if (!compiled.ok || !anew.ok) return;
        const patched = patchTemplate(compiled.template, {
          lifetime,
          nonceAccount: hasNonce ? drawn.nonce : undefined,
          unitLimit,
          unitPriceMicroLamports,
          quantityIn,
          quantityOutMin,
          tips,
        });
        expect(patched.equals(Buffer.from(anew.message))).toBe(true);
        compared += 1;
      }),
      { seed: SEED, numRuns: 400 },
    );
    console.info(`templates, seed ${SEED}: ${compared} of 400 compared byte for byte`);
    expect(compared).toBeGreaterThan(200);
  });

  test("leaves the template as it was", ({ expect }) => {
    const [shape] = SHAPES;
    if (shape === undefined) throw new Error("expected a shape");
    const plan = { ...planOf(shape), hasNonce: false, tipCount: 0 };
    const compiled = compileTemplate(plan, shape.pool);
    if (!compiled.ok) throw new Error(compiled.reason);
    const before = Buffer.from(compiled.template.bytes);
    patchTemplate(compiled.template, {
      lifetime: new Uint8Array(32),
      nonceAccount: undefined,
      unitLimit: 1,
      unitPriceMicroLamports: 2n,
      quantityIn: 3n,
      quantityOutMin: 4n,
      tips: [],
    });
    expect(before.equals(Buffer.from(compiled.template.bytes))).toBe(true);
  });
});

test("a template keeps no memory but its own", ({ expect }) => {
  for (const shape of SHAPES) {
    const compiled = compileTemplate(planOf(shape), shape.pool);
    if (!compiled.ok) continue;
    const { bytes } = compiled.template;
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  }
});

test("every sell fits into a packet, on a nonce and with a tip", ({ expect }) => {
  for (const shape of SHAPES.filter(({ side }) => side === "sell")) {
    const compiled = compileTemplate(planOf(shape), shape.pool);
    expect(compiled.ok ? "fits" : `${shape.pool.kind} ${JSON.stringify(compiled)}`).toBe("fits");
  }
});

test("an address that spells a mark is an address, whoever chose it", ({ expect }) => {
  // The unit limit's mark with its head; who makes a mint with a seed tries such ones by the billion.
  const chosen = Buffer.alloc(32, 7);
  chosen.set([5, 2, 0x31, 0x7c, 0x0a, 0], 11);
  const mint = encodeBase58(chosen);
  for (const shape of SHAPES) {
    const pool = { ...shape.pool, ref: { ...shape.pool.ref, mint } };
    const plan = { ...planOf(shape), accounts: deriveSwapAccounts(WALLET, mint, TOKEN_PROGRAM) };
    const compiled = compileTemplate(plan, pool);
    if (!compiled.ok) continue;
    const patched = patchTemplate(compiled.template, {
      lifetime: new Uint8Array(32),
      nonceAccount: shape.hasNonce ? new Uint8Array(32) : undefined,
      unitLimit: 1,
      unitPriceMicroLamports: 2n,
      quantityIn: 3n,
      quantityOutMin: 4n,
      tips: shape.tipCount === 0 ? [] : [{ account: addressOf(800_001), lamports: 5n }],
    });
    expect(patched.includes(chosen)).toBe(true);
    expect(patched.includes(Buffer.of(5, 2, 1, 0, 0, 0))).toBe(true);
  }
});

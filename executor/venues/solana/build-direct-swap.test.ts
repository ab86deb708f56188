import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import { WALLET_TOKEN_ACCOUNTS_MAX } from "../../ports/signer.ts";
import { AFTER, BEFORE, guardsOf, prepare, preparedOf, type World } from "./fake-swap-world.ts";
import { ACCOUNTS, BOUGHT_MINT, createBuild, STRANGER, TABLE, TAKER } from "./jupiter-fixture.ts";
import { ATA_PROGRAM, SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

const HELD = 1_000n;
/** 1,000 held and at least 41,580,000 bought, in a transfer of 6 decimals. */
const HOLD = `0c${least(HELD + 41_580_000n)}06`;

function least(quantity: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(quantity);
  return bytes.toString("hex");
}

/** A route whose venue receives the wallet, and whatever else is given. */
function direct(...others: string[]): Pick<World, "answer" | "before" | "after"> {
  const { swapInstruction } = createBuild();
  const legs = [TAKER, ...others].map((pubkey) => ({
    pubkey,
    isSigner: pubkey === TAKER,
    isWritable: true,
  }));
  const accounts = [...swapInstruction.accounts, ...legs];
  return {
    answer: createBuild({ swapInstruction: { ...swapInstruction, accounts } }),
    before: [{ ...BEFORE, token: HELD }],
    after: { wallet: BEFORE.wallet - 100_000_000 - 5_000, token: HELD + 42_000_000n },
  };
}

describe("a route that hands the wallet's signature on", () => {
  test("is signed with guards for what the account must hold at the end", async ({ expect }) => {
    const { outcome, requests } = await prepare(direct());
    expect(guardsOf(preparedOf(outcome).payload)).toEqual(["05", "060300", HOLD]);
    expect(requests[0]?.intent.tokenQuantityMin).toBe(String(HELD + 41_580_000n));
  });

  test("names all token accounts of the wallet to the signer, of both programs", async ({
    expect,
  }) => {
    const owned = {
      [TOKEN_PROGRAM]: [ACCOUNTS.tokenAccount, STRANGER],
      [TOKEN_2022_PROGRAM]: [ACCOUNTS.wsolAccount],
    };
    const { requests } = await prepare({ ...direct(), owned });
    expect(requests[0]?.intent.walletTokenAccounts).toEqual([
      ACCOUNTS.tokenAccount,
      STRANGER,
      ACCOUNTS.wsolAccount,
    ]);
  });

  test("is refused when the wallet has more token accounts than can be named", async ({
    expect,
  }) => {
    const owned = (count: number) => ({
      [TOKEN_PROGRAM]: Array.from({ length: count }, (_, at) => {
        const bytes = Buffer.alloc(32, 5);
        bytes.writeUInt32LE(at);
        return encodeBase58(bytes);
      }),
    });
    const enough = await prepare({ ...direct(), owned: owned(WALLET_TOKEN_ACCOUNTS_MAX) });
    expect(enough.requests[0]?.intent.walletTokenAccounts).toHaveLength(WALLET_TOKEN_ACCOUNTS_MAX);
    const many = await prepare({ ...direct(), owned: owned(WALLET_TOKEN_ACCOUNTS_MAX + 1) });
    expect(many.outcome).toMatchObject({ outcome: "refused", alert: false });
    expect(many.requests).toEqual([]);
  });

  test("is refused with an alarm when two nodes show another table", async ({ expect }) => {
    const whole = [STRANGER, BOUGHT_MINT];
    for (const other of [
      [TAKER, BOUGHT_MINT],
      [STRANGER, TAKER],
    ]) {
      const { outcome, requests } = await prepare({ ...direct(), table: whole, otherTable: other });
      expect(outcome).toMatchObject({ outcome: "refused", alert: true });
      expect(outcome.outcome === "refused" && outcome.reason).toContain("nodes contradict");
      expect(requests).toEqual([]);
    }
    // Nothing of the wallet's is in reach of another pool, and an exit goes on.
    const plain = await prepare({ table: whole, otherTable: [TAKER, BOUGHT_MINT] });
    expect(plain.outcome.outcome).toBe("prepared");
  });

  test("uses only what both nodes show of a table", async ({ expect }) => {
    const table = [STRANGER, BOUGHT_MINT];
    const behind = await prepare({ ...direct(), table, otherTable: [STRANGER] });
    expect(behind.requests[0]?.intent.lookupTables).toEqual([
      { address: TABLE, addresses: [STRANGER] },
    ]);
    const plain = await prepare({ table, otherTable: [STRANGER] });
    expect(plain.requests[0]?.intent.lookupTables).toEqual([{ address: TABLE, addresses: table }]);
  });

  test("is no alarm when its venue honestly wants to create accounts", async ({ expect }) => {
    for (const program of [SYSTEM_PROGRAM, ATA_PROGRAM]) {
      const { outcome, requests } = await prepare(direct(program));
      expect(outcome).toMatchObject({ outcome: "refused", alert: false });
      expect(outcome.outcome === "refused" && outcome.reason).toContain("signature and its SOL");
      expect(requests).toEqual([]);
    }
  });

  test("is refused when its guards fail, without an alarm and unsigned", async ({ expect }) => {
    const guardError = { InstructionError: [8, { Custom: 4 }] };
    const { outcome, requests } = await prepare({ ...direct(), guardError });
    expect(outcome).toMatchObject({ outcome: "refused", alert: false });
    expect(outcome.outcome === "refused" && outcome.reason).toMatch(/^behind the swap, /);
    expect(requests).toEqual([]);
  });

  test("guards what is there after another order landed in between", async ({ expect }) => {
    const swap = direct();
    const more = { ...BEFORE, token: HELD + 500n };
    const { outcome } = await prepare({
      ...swap,
      before: [{ ...BEFORE, token: HELD + 900_000n }, more],
    });
    const hold = `0c${least(HELD + 500n + 41_580_000n)}06`;
    expect(guardsOf(preparedOf(outcome).payload)).toContain(hold);
  });
});

test("a route that hands nothing on has no guards and asks for no accounts", async ({ expect }) => {
  const { outcome, requests, net } = await prepare();
  expect(guardsOf(preparedOf(outcome).payload)).toEqual([]);
  expect(requests[0]?.intent).toMatchObject({ walletTokenAccounts: [], tokenQuantityMin: "0" });
  expect(net.calls.map(({ method }) => method)).not.toContain("getTokenAccountsByOwner");
});

test("an account that a swap may create is named from then on", async ({ expect }) => {
  const { walletAccounts } = await prepare();
  expect(await walletAccounts.fetch(TAKER)).toEqual([ACCOUNTS.tokenAccount]);
  expect(await walletAccounts.fetch(STRANGER)).toEqual([]);
});

describe("a swap after which somebody else has power is refused with an alert", () => {
  const powers: [string, Partial<World["after"]>, string][] = [
    ["a delegate", { control: { delegate: STRANGER } }, "another delegate"],
    ["an owner", { control: { owner: STRANGER } }, "another owner"],
    ["a closer", { control: { closer: STRANGER } }, "another authority to close it"],
    ["a program", { control: { program: STRANGER } }, "another program"],
    ["the wallet", { walletProgram: STRANGER }, "the wallet itself would belong"],
  ];
  for (const [name, change, reason] of powers) {
    test(name, async ({ expect }) => {
      const swap = direct();
      for (const world of [
        { ...swap, after: { ...swap.after, ...change } },
        { after: { ...AFTER, ...change } },
      ]) {
        const { outcome, requests } = await prepare(world);
        expect(outcome).toMatchObject({ outcome: "refused", alert: true });
        expect(outcome.outcome === "refused" && outcome.reason).toContain(reason);
        expect(requests).toEqual([]);
      }
    });
  }

  test("but a delegate that was there before is none of the swap's doing", async ({ expect }) => {
    const control = { delegate: STRANGER };
    const swap = direct();
    const before = [{ ...BEFORE, token: HELD, control }];
    const allowance = { ...swap, before, after: { ...swap.after, control } };
    const { outcome } = await prepare(allowance);
    // The allowance follows the quantity in this world, and it has grown.
    expect(outcome.outcome === "refused" && outcome.reason).toContain("another allowance");
    expect(outcome.outcome === "refused" && outcome.reason).not.toContain("delegate");
  });
});

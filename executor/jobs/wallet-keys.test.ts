import { describe, it } from "vitest";
import { ADDRESS, USER, withDesk, type TestDesk } from "../engine/engine-fixture.ts";
import type { WalletCheck } from "../ports/signer.ts";
import { WalletKeys } from "./wallet-keys.ts";

/** A desk of one wallet, and what the signer says of it. */
async function checked(desk: TestDesk, check: WalletCheck) {
  const { store, clock } = desk;
  const asked: string[] = [];
  const shouts: string[] = [];
  await desk.transact((tx) => {
    for (const { walletId } of tx.wallets()) tx.putVault(walletId, "wrapped");
  });
  const keys = new WalletKeys({
    store,
    signer: {
      checkWallet: async ({ address }) => {
        asked.push(address);
        return check;
      },
    },
    notices: desk.engine.context.notices,
    shout: (text) => shouts.push(text),
  });
  const checking = keys.check();
  await clock.advance(100);
  await checking;
  const told = (key: "key" | "keys"): string =>
    store.outbox(`${key}:${store.epoch()}:${USER}`)?.content.text ?? "";
  return { keys, asked, shouts, told };
}

describe("the wallets at a start", () => {
  it("that all open are nobody's news", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { keys, asked, shouts } = await checked(desk, { opens: true, isCurrent: true });
      expect(asked).toEqual([ADDRESS]);
      expect(shouts).toEqual([]);
      expect(keys.refusalFor(8)).toBeUndefined();
    });
  });

  it("that stay shut under the key for new ones are told, and nobody new gets one", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const { keys, shouts, told } = await checked(desk, { opens: false, isCurrent: true });
      expect(shouts[0]).toContain("WALLET_MASTER_KEYS does not open 1 of 1 wallets");
      expect(told("keys")).toContain("put the key back");
      expect(told("key")).toContain("cannot sign for your wallet");
      expect(keys.refusalFor(8)).toContain("makes no wallets");
      expect(keys.refusalFor(USER)).toBeUndefined();
    });
  });

  it("that stay shut without their older key hold nobody new up", async ({ expect }) => {
    await withDesk(async (desk) => {
      const { keys, told } = await checked(desk, { opens: false, isCurrent: false });
      expect(told("key")).toContain("cannot sign for your wallet");
      expect(keys.refusalFor(8)).toBeUndefined();
    });
  });
});

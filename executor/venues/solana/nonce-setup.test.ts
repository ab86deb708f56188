import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import { describe, test } from "vitest";
import type { SignAnswer, SignIntent } from "../../ports/signer.ts";
import { createFakeChain, createNonceAccount, NONCE_VALUE, WALLET } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { STRANGER } from "./jupiter-fixture.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { createNonces, reclaimNonce } from "./nonce-setup.ts";
import { UNIT_PRICE_FLOOR } from "./priority-fee.ts";

const ROW: WalletRow = { walletId: "w1", userId: 7, address: WALLET, vaultSha256: "" };
const SIGNED: SignAnswer = { outcome: "signed", signature: encodeBase58(Buffer.alloc(64, 9)) };
const SLOT = 5_000;

/** What each node shows, and what the chain makes of a transaction that reaches it. */
class Setup {
  readonly held: [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly slots: [number, number] = [SLOT, SLOT];
  readonly intents: SignIntent[] = [];
  readonly #chain = createFakeChain();
  authority = WALLET;
  signing: SignAnswer = SIGNED;
  sending: FakeAnswer = { result: encodeBase58(Buffer.alloc(64, 9)) };
  sends = 0;
  onSend: () => void = () => undefined;

  constructor() {
    const { net } = this.#chain;
    [...net.nodes.keys()].forEach((host, at) => {
      net.nodes.set(host, (method, params) => this.#answer(at as 0 | 1, method, params));
    });
  }

  create(indexes: number[]) {
    return createNonces(this.#deps(), ROW, "wrapped", indexes);
  }

  reclaim(index: number) {
    return reclaimNonce(this.#deps(), ROW, "wrapped", index);
  }

  /** The chain did it: every node shows these accounts from now on. */
  show(...indexes: number[]): void {
    for (const held of this.held) {
      held.clear();
      for (const index of indexes) held.add(index);
    }
  }

  #deps() {
    return {
      rpc: this.#chain.rpc,
      clock: { sleep: () => Promise.resolve() },
      priorityFeeLamportsMax: 1_000_000n,
      fees: { unitPrice: () => UNIT_PRICE_FLOOR },
      stopped: new AbortController().signal,
      signer: {
        sign: async ({ intent }: { intent: SignIntent }) => {
          this.intents.push(intent);
          return this.signing;
        },
        createWallet: () => Promise.reject(new Error("expected no new wallet")),
        checkWallet: () => Promise.reject(new Error("expected no check")),
      },
    };
  }

  #answer(node: 0 | 1, method: string, params: readonly unknown[]): FakeAnswer {
    const context = { apiVersion: "2.3.6", slot: this.slots[node] };
    if (method === "getMultipleAccounts") {
      const value = (params[0] as string[]).map((address) => {
        const index = [...this.held[node]].find(
          (one) => deriveNonceAddress(WALLET, one) === address,
        );
        return index === undefined ? null : createNonceAccount(this.authority, NONCE_VALUE);
      });
      return { result: { context, value } };
    }
    if (method === "getLatestBlockhash") {
      const value = { blockhash: NONCE_VALUE, lastValidBlockHeight: 3_150 };
      return { result: { context, value } };
    }
    if (method === "simulateTransaction") {
      return { result: { context, value: { err: null, accounts: [], unitsConsumed: 900 } } };
    }
    if (method !== "sendTransaction") return { error: { code: -32_601, message: "not found" } };
    this.sends += 1;
    this.onSend();
    return this.sending;
  }
}

function indexesOf(intent: SignIntent): number[] {
  return "accounts" in intent ? intent.accounts.map(({ index }) => index) : [];
}

describe("creating nonce accounts", () => {
  test("believes the accounts, not what the nodes answer to the sending", async ({ expect }) => {
    const setup = new Setup();
    setup.sending = { failure: "timeout" };
    setup.onSend = () => setup.show(0, 1);
    const made = await setup.create([1, 0]);
    expect(made).toMatchObject({
      outcome: "done",
      accounts: [
        { index: 1, value: NONCE_VALUE },
        { index: 0, value: NONCE_VALUE },
      ],
      evidence: { rentLamports: "2895360", sent: [{ feeLamports: "5400" }] },
    });
  });

  test("is pending when an accepted transaction is never seen, and costs nothing more", async ({
    expect,
  }) => {
    const setup = new Setup();
    const made = await setup.create([0]);
    expect(made).toMatchObject({ outcome: "pending" });
    expect(setup.intents).toHaveLength(1);
    setup.show(0);
    expect(await setup.create([0])).toMatchObject({
      outcome: "done",
      evidence: { sent: [], rentLamports: "0" },
    });
    expect(setup.intents).toHaveLength(1);
  });

  test("signs nothing while the nodes disagree", async ({ expect }) => {
    const setup = new Setup();
    setup.held[0].add(0);
    expect(await setup.create([0])).toMatchObject({ outcome: "pending" });
    expect(setup.intents).toEqual([]);
  });

  test("does not listen to a node that is clearly behind", async ({ expect }) => {
    const setup = new Setup();
    setup.held[0].add(0);
    setup.slots[1] = SLOT - 64;
    expect(await setup.create([0])).toMatchObject({ outcome: "done", evidence: { sent: [] } });
  });

  test("asks for no more accounts in one message than the signer allows", async ({ expect }) => {
    const setup = new Setup();
    setup.onSend = () => {
      setup.show(...setup.intents.flatMap(indexesOf));
    };
    expect(await setup.create([0, 1, 2, 3, 4, 4])).toMatchObject({ outcome: "done" });
    expect(setup.intents.map(indexesOf)).toEqual([[0, 1, 2, 3], [4]]);
  });

  test("is refused, and nothing is sent, when the signer refuses or the place is taken", async ({
    expect,
  }) => {
    const setup = new Setup();
    setup.signing = { outcome: "refused", reasons: ["no"] };
    expect(await setup.create([0])).toMatchObject({ outcome: "refused", alert: true });
    setup.authority = STRANGER;
    setup.show(0);
    expect(await setup.create([0])).toMatchObject({ outcome: "refused", alert: false });
    expect(setup.sends).toBe(0);
  });
});

describe("reclaiming a nonce account", () => {
  test("pays out exactly what it holds, and is done when no node shows it", async ({ expect }) => {
    const setup = new Setup();
    setup.show(3);
    setup.onSend = () => setup.show();
    expect(await setup.reclaim(3)).toMatchObject({
      outcome: "done",
      accounts: [{ index: 3, value: null, lamports: 0n }],
      evidence: { returnedLamports: "1447680" },
    });
    expect(setup.intents).toMatchObject([
      { kind: "solanaReclaimNonce", index: 3, lamports: "1447680", wallet: WALLET },
    ]);
  });

  test("is pending while one node still shows it", async ({ expect }) => {
    const setup = new Setup();
    setup.show(3);
    setup.onSend = () => setup.held[0].clear();
    expect(await setup.reclaim(3)).toMatchObject({ outcome: "pending" });
  });
});

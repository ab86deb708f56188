import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { SystemInstruction, TransactionMessage, VersionedMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import type { SignAnswer, SignRequest } from "../../ports/signer.ts";
import { createFakeChain, createNonceAccount, MINT, NONCE_VALUE, WALLET } from "./fake-chain.ts";
import { FeeBook } from "./fee-book.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { prepareVoid } from "./prepare-void.ts";
import { TOKEN_PROGRAM } from "./programs.ts";

const ROW: WalletRow = { walletId: "w1", userId: 7, address: WALLET, vaultSha256: "" };
const ACCOUNT = deriveNonceAddress(WALLET, 3);
const SIGNATURE = encodeBase58(Buffer.alloc(64, 9));
const ORDER = {
  orderId: "o1",
  side: "buy",
  instrument: `${MINT}.SOLANA`,
  tokenProgram: TOKEN_PROGRAM,
} as OrderRow;

interface Asked {
  value?: string;
  copies?: number;
  answer?: SignAnswer;
  feeMax?: bigint;
}

/** What is prepared where every node shows this value, and what the signer was asked. */
async function prepare(asked: Asked = {}) {
  const { rpc, net, clock } = createFakeChain();
  for (const host of net.nodes.keys()) {
    net.nodes.set(host, (method) => {
      if (method !== "getMultipleAccounts") return { error: { code: -32_601, message: "no" } };
      const value = [createNonceAccount(WALLET, NONCE_VALUE)];
      return { result: { context: { apiVersion: "2.3.6", slot: 5_000 }, value } };
    });
  }
  const requests: SignRequest[] = [];
  const signer = {
    sign: async (request: SignRequest): Promise<SignAnswer> => {
      requests.push(request);
      return asked.answer ?? { outcome: "signed", signature: SIGNATURE };
    },
    createWallet: () => Promise.reject(new Error("expected no new wallet")),
    checkWallet: () => Promise.reject(new Error("expected no check")),
  };
  const feeLamportsMax = asked.feeMax ?? 2_000_000n;
  const settings = { pollMs: 1_000, staleMs: 1_000, feeLamportsMax };
  const fees = new FeeBook({ sources: [], clock, settings });
  const deps = { rpc, signer, fees, priorityFeeLamportsMax: feeLamportsMax };
  const nonce = { account: ACCOUNT, value: asked.value ?? NONCE_VALUE };
  const made = await prepareVoid(deps, ORDER, ROW, "wrapped", nonce, asked.copies ?? 1);
  return { made, requests };
}

describe("a void", () => {
  test("begins with the advance of that account, lives by its value and does nothing else", async ({
    expect,
  }) => {
    const { made, requests } = await prepare();
    expect(requests[0]?.intent).toEqual({
      kind: "solanaVoidNonce",
      wallet: WALLET,
      index: 3,
      value: NONCE_VALUE,
      feeLamportsMax: "1005000",
    });
    const bytes = Buffer.from(requests[0]?.message ?? "", "base64");
    const message = TransactionMessage.decompile(VersionedMessage.deserialize(bytes));
    expect(message.recentBlockhash).toBe(NONCE_VALUE);
    const [first, ...budget] = message.instructions;
    if (first === undefined) throw new Error("expected an instruction");
    const { noncePubkey, authorizedPubkey } = SystemInstruction.decodeNonceAdvance(first);
    expect([noncePubkey.toBase58(), authorizedPubkey.toBase58()]).toEqual([ACCOUNT, WALLET]);
    expect(budget.map(({ data }) => data[0])).toEqual([2, 3]);
    expect(made).toMatchObject({
      outcome: "prepared",
      attempt: {
        identity: SIGNATURE,
        bound: { kind: "nonce", account: ACCOUNT, value: NONCE_VALUE },
        exclusionGroup: `nonce:${ACCOUNT}:${NONCE_VALUE}`,
        route: { side: "buy", wallet: WALLET, mint: MINT },
      },
    });
  });

  test("bids more with every attempt before it, and never above the cap", async ({ expect }) => {
    const costs: bigint[] = [];
    for (const [copies, feeMax] of [
      [1, 2_000_000n],
      [2, 2_000_000n],
      [9, 100n],
    ] as const) {
      const { made } = await prepare({ copies, feeMax });
      if (made.outcome === "prepared") costs.push(made.attempt.costCapLamports);
    }
    expect(costs).toEqual([5_100n, 5_200n, 5_100n]);
  });

  test("is not made on a value that is not there any more", async ({ expect }) => {
    await expect(prepare({ value: MINT })).rejects.toMatchObject({
      code: "RAPTOR_VENUE__UNAVAILABLE",
    });
  });

  test("is refused with an alert where the signer refuses it", async ({ expect }) => {
    const { made } = await prepare({ answer: { outcome: "refused", reasons: ["no"] } });
    expect(made).toMatchObject({ outcome: "refused", alert: true });
  });
});

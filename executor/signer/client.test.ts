import { randomBytes } from "node:crypto";
import { duplexPair, type Duplex } from "node:stream";
import { PublicKey, TransactionInstruction, TransactionMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import { WALLET_TOKEN_ACCOUNTS_MAX, type SignRequest, type SwapIntent } from "../ports/signer.ts";
import { connectSigner, createSignerClient, type SignerClient } from "./client.ts";
import { createSignerCore } from "./core.ts";
import { MachineClock } from "./fixtures/machine-clock.ts";
import { caseOf, compile, intentOf, named, partsOf } from "./fixtures/swap-message.ts";
import { encodeFrame, FRAME_BYTES_MAX, FrameReader } from "./frames.ts";
import { parseMasterKeys } from "./master-keys.ts";
import { serveSigner } from "./serve.ts";

const core = createSignerCore({
  masterKeys: parseMasterKeys(`k:${randomBytes(32).toString("base64")}`),
});

interface Link {
  client: SignerClient;
  far: Duplex;
  gone: () => number;
}

function link(timeoutMs = 5_000): Link {
  const [near, far] = duplexPair();
  let goneCount = 0;
  const client = createSignerClient({
    stream: near,
    clock: new MachineClock(),
    onGone: () => {
      goneCount += 1;
    },
    timeoutMs,
  });
  return { client, far, gone: () => goneCount };
}

function served(): Link {
  const made = link();
  serveSigner(made.far, core);
  return made;
}

function requestFor(address: string, wrapped: string): SignRequest & { intent: SwapIntent } {
  const swap = caseOf({ wallet: new PublicKey(address) });
  const message = compile(swap, partsOf(swap)).toString("base64");
  return {
    alg: "ed25519",
    walletId: "w1",
    userId: 7,
    wrapped,
    intent: intentOf(swap),
    message,
  };
}

describe("over the pipe", () => {
  test("the signer answers as its core does", async ({ expect }) => {
    const { client, gone } = served();
    const wallet = await client.createWallet("w1", 7);
    const known = { walletId: "w1", userId: 7, address: wallet.address, wrapped: wallet.wrapped };
    expect(await client.checkWallet(known)).toEqual({ opens: true, isCurrent: true });
    expect(await client.checkWallet({ ...known, userId: 8 })).toMatchObject({ opens: false });
    const request = requestFor(wallet.address, wallet.wrapped);
    expect(await client.sign(request)).toEqual(core.sign(request));
    const bad = { ...request, intent: { ...request.intent, quantityIn: "1" } };
    expect((await client.sign(bad)).outcome).toBe("refused");
    expect(gone()).toBe(0);
    client.close();
  });

  test("a message that is refused for a hundred reasons leaves the pipe open", async ({
    expect,
  }) => {
    const { client, gone } = served();
    const wallet = await client.createWallet("w1", 7);
    const request = requestFor(wallet.address, wallet.wrapped);
    const payerKey = new PublicKey(wallet.address);
    const strange = new TransactionInstruction({ programId: named("strange"), keys: [] });
    const message = new TransactionMessage({
      payerKey,
      recentBlockhash: PublicKey.default.toBase58(),
      instructions: Array.from({ length: 100 }, () => strange),
    }).compileToV0Message();
    const text = Buffer.from(message.serialize()).toString("base64");
    expect(await client.sign({ ...request, message: text })).toMatchObject({ outcome: "refused" });
    expect(gone()).toBe(0);
    client.close();
  });

  test("a wallet with as many token accounts as may be named is served", async ({ expect }) => {
    const { client, gone } = served();
    const wallet = await client.createWallet("w1", 7);
    const request = requestFor(wallet.address, wallet.wrapped);
    const [account = ""] = request.intent.walletTokenAccounts;
    const naming = (length: number) => {
      const walletTokenAccounts = Array.from({ length }, () => account);
      return client.sign({ ...request, intent: { ...request.intent, walletTokenAccounts } });
    };
    expect((await naming(WALLET_TOKEN_ACCOUNTS_MAX)).outcome).toBe("signed");
    await expect(naming(WALLET_TOKEN_ACCOUNTS_MAX + 1)).rejects.toThrow(/walletTokenAccounts/);
    expect(gone()).toBe(0);
    client.close();
  });

  test("two hundred requests at once get each their own answer", async ({ expect }) => {
    const { client } = served();
    const wallets = await Promise.all(
      Array.from({ length: 200 }, (_, n) => client.createWallet(`w${n}`, n + 1)),
    );
    expect(new Set(wallets.map(({ address }) => address)).size).toBe(200);
    client.close();
  });

  test("a request with a wrong field is answered with the field's name", async ({ expect }) => {
    const { client, gone } = served();
    const request = requestFor("9aWwBQKoGiE4ogjnxJFAiVXGvYkgwRbRBsgbS9Hnh5DN", "v1");
    for (const [field, bad] of [
      ["userId", { ...request, userId: 0 }],
      ["side", { ...request, intent: { ...request.intent, side: "both" as "buy" } }],
      ["slippageBpsMax", { ...request, intent: { ...request.intent, slippageBpsMax: 0.5 } }],
      ["message", { ...request, message: "A".repeat(5_000) }],
    ] as const) {
      await expect(client.sign(bad)).rejects.toThrow(`problem=${field} is not usable`);
    }
    expect(gone()).toBe(0);
    client.close();
  });
});

describe("when the pipe ends", () => {
  test("every waiting and every later request fails as gone, once told", async ({ expect }) => {
    const { client, far, gone } = link();
    const waiting = [client.createWallet("w1", 7), client.createWallet("w2", 7)];
    far.destroy();
    for (const each of waiting)
      await expect(each).rejects.toMatchObject({ code: "RAPTOR_SIGNER__GONE" });
    await expect(client.createWallet("w3", 7)).rejects.toThrow(/the pipe ended/);
    expect(gone()).toBe(1);
  });

  test("a silent signer counts as gone", async ({ expect }) => {
    const { client, far, gone } = link(30);
    far.resume();
    await expect(client.createWallet("w1", 7)).rejects.toThrow(/no answer in time/);
    expect(gone()).toBe(1);
  });

  test("closing it ourselves tells nobody", async ({ expect }) => {
    const { client, gone } = link();
    const waiting = client.createWallet("w1", 7);
    client.close();
    await expect(waiting).rejects.toMatchObject({ code: "RAPTOR_SIGNER__GONE" });
    expect(gone()).toBe(0);
  });

  test("an answer that cannot be read counts as gone", async ({ expect }) => {
    for (const rubbish of [encodeFrame({ id: 1, op: "sign", answer: 5 }), Buffer.alloc(4, 255)]) {
      const { client, far, gone } = link();
      const waiting = client.createWallet("w1", 7);
      far.write(rubbish);
      await expect(waiting).rejects.toMatchObject({ code: "RAPTOR_SIGNER__GONE" });
      expect(gone()).toBe(1);
    }
  });

  test("too many waiting requests are turned away at once", async ({ expect }) => {
    const { client, far } = link();
    far.resume();
    const waiting = Array.from({ length: 1_024 }, () => client.createWallet("w1", 7));
    await expect(client.createWallet("w1", 7)).rejects.toThrow(/too many requests/);
    client.close();
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === "rejected")).toBe(
      true,
    );
  });

  test("a process that the launcher did not start is told so", ({ expect }) => {
    const clock = new MachineClock();
    expect(() => connectSigner({ clock, onGone: () => {}, fd: 900 })).toThrow(/executor\/launch/);
  });
});

describe("the signer's side", () => {
  test("ends a pipe that does not speak in frames, without an answer", async ({ expect }) => {
    for (const rubbish of ["GET / HTTP/1.1\r\n\r\n", frameOf("{"), frameOf("[]"), frameOf("{}")]) {
      const [near, far] = duplexPair();
      serveSigner(far, core);
      const ended = new Promise((resolve) => far.once("close", resolve));
      const heard: Buffer[] = [];
      near.on("data", (piece: Buffer) => heard.push(piece));
      near.write(rubbish);
      await ended;
      expect(heard).toEqual([]);
    }
  });

  test("reads frames in any pieces", ({ expect }) => {
    const values = [{ a: 1 }, { b: "é".repeat(500) }, []];
    const bytes = Buffer.concat(values.map(encodeFrame));
    for (const size of [1, 2, 3, 7, 64, bytes.length]) {
      const reader = new FrameReader();
      const read: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        read.push(...reader.push(bytes.subarray(at, at + size)));
      }
      expect(read).toEqual(values);
    }
    expect(() => encodeFrame("x".repeat(FRAME_BYTES_MAX))).toThrow(/too large/);
  });
});

function frameOf(text: string): Buffer {
  const frame = Buffer.alloc(4 + text.length);
  frame.writeUInt32BE(text.length);
  frame.write(text, 4);
  return frame;
}

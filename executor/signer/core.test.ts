import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { inspect } from "node:util";
import { Keypair, PublicKey } from "@solana/web3.js";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import type { SignAnswer, SignRequest, SwapIntent } from "../ports/signer.ts";
import { createSignerCore } from "./core.ts";
import { createSigningKey, publicKeyBytes, signBytes } from "./ed25519.ts";
import { openSecret, wrapSecret, type SecretOwner } from "./envelope.ts";
import { caseOf, compile, intentOf, partsOf } from "./fixtures/swap-message.ts";
import { parseMasterKeys } from "./master-keys.ts";

const OLD = `old:${randomBytes(32).toString("base64")}`;
const NEW = `new:${randomBytes(32).toString("base64")}`;
const core = createSignerCore({ masterKeys: parseMasterKeys(OLD) });

function requestFor(address: string, wrapped: string): SignRequest & { intent: SwapIntent } {
  const swap = caseOf({ wallet: new PublicKey(address) });
  const message = compile(swap, partsOf(swap)).toString("base64");
  const intent = intentOf(swap);
  return { alg: "ed25519", walletId: "w1", userId: 7, wrapped, intent, message };
}

function reasonsOf(answer: SignAnswer): string {
  return answer.outcome === "refused" ? answer.reasons.join() : "signed";
}

describe("a new wallet", () => {
  test("signs messages that its address verifies", ({ expect }) => {
    const wallet = core.createWallet("w1", 7);
    const request = requestFor(wallet.address, wallet.wrapped);
    const answer = core.sign(request);
    const signature = answer.outcome === "signed" ? decodeBase58(answer.signature) : undefined;
    const spki = Buffer.concat([
      Buffer.from("302a300506032b6570032100", "hex"),
      new PublicKey(wallet.address).toBuffer(),
    ]);
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const message = Buffer.from(request.message, "base64");
    expect(verify(null, message, key, signature ?? Buffer.alloc(64))).toBe(true);
    expect(core.sign(request)).toEqual(answer);
  });

  test("is different every time and tells the hash of what the vault keeps", ({ expect }) => {
    const [one, two] = [core.createWallet("w1", 7), core.createWallet("w1", 7)];
    expect(one.address).not.toBe(two.address);
    expect(one.wrapped).not.toBe(two.wrapped);
    expect(one.vaultSha256).toBe(createHash("sha256").update(one.wrapped).digest("hex"));
    expect(one.wrapped).toMatch(/^v1\.old\.[\w-]{80}\.[\w-]{80}$/);
  });

  test("leaves no seed and no data key in memory", ({ expect }) => {
    const drawn: Buffer[] = [];
    const copies: Buffer[] = [];
    const watched = createSignerCore({
      masterKeys: parseMasterKeys(OLD),
      randomBytes: (byteCount) => {
        const bytes = randomBytes(byteCount);
        drawn.push(bytes);
        copies.push(Buffer.from(bytes));
        return bytes;
      },
    });
    const wallet = watched.createWallet("w1", 7);
    expect(drawn.map((bytes) => bytes.length)).toEqual([32, 32, 12, 12]);
    expect(drawn.slice(0, 2).every((bytes) => bytes.equals(Buffer.alloc(32)))).toBe(true);
    const [seed = Buffer.alloc(32), dataKey = Buffer.alloc(32)] = copies;
    expect(Keypair.fromSeed(seed).publicKey.toBase58()).toBe(wallet.address);
    for (const secret of [seed, dataKey]) {
      expect(inspect(wallet)).not.toContain(secret.toString("base64url").slice(0, 16));
    }
  });
});

describe("signing is refused", () => {
  const wallet = core.createWallet("w1", 7);
  const good = requestFor(wallet.address, wallet.wrapped);

  test("for another user, another wallet, or a wrapped key of another wallet", ({ expect }) => {
    expect(reasonsOf(core.sign({ ...good, userId: 8 }))).toMatch(/does not open for this user/);
    expect(reasonsOf(core.sign({ ...good, walletId: "w2" }))).toMatch(/does not open for this/);
    const { wrapped } = core.createWallet("w1", 7);
    expect(reasonsOf(core.sign({ ...good, wrapped }))).toMatch(/belongs to another wallet/);
  });

  test("when any character of the wrapped key is changed", ({ expect }) => {
    for (let at = 0; at < wallet.wrapped.length; at++) {
      const other = wallet.wrapped[at] === "A" ? "B" : "A";
      const wrapped = wallet.wrapped.slice(0, at) + other + wallet.wrapped.slice(at + 1);
      expect(core.sign({ ...good, wrapped }).outcome).toBe("refused");
    }
    const malformed = ["", "v1", "v2.old.a.b", `${wallet.wrapped}.x`, "v1.old..", "v1.old.=.="];
    const [, kid, keyBox, secretBox] = wallet.wrapped.split(".");
    malformed.push(`v1.${kid}.${keyBox}=.${secretBox}`, `v1.${kid}.${keyBox}.${secretBox} `);
    for (const wrapped of malformed) {
      expect(core.sign({ ...good, wrapped }).outcome).toBe("refused");
    }
  });

  test("when the message is not strict base64 or not the intended swap", ({ expect }) => {
    expect(reasonsOf(core.sign({ ...good, message: `${good.message}=` }))).toMatch(/not base64/);
    expect(reasonsOf(core.sign({ ...good, message: "" }))).toMatch(/ends too early/);
    const intent = { ...good.intent, quantityIn: "1" };
    expect(reasonsOf(core.sign({ ...good, intent }))).toMatch(/expected 1 lamports/);
  });

  test("before the key is opened, so that a bad swap never touches it", ({ expect }) => {
    const answer = core.sign({
      ...good,
      wrapped: "nonsense",
      intent: { ...good.intent, mint: "x" },
    });
    expect(reasonsOf(answer)).toMatch(/^the intent/);
  });
});

describe("a wallet is checked", () => {
  const { address, wrapped } = core.createWallet("w1", 7);
  const wallet = { walletId: "w1", userId: 7, address, wrapped };

  test("and opens under its key, whichever wraps new ones", ({ expect }) => {
    expect(core.checkWallet(wallet)).toEqual({ opens: true, isCurrent: true });
    const rotated = createSignerCore({ masterKeys: parseMasterKeys(`${NEW},${OLD}`) });
    expect(rotated.checkWallet(wallet)).toEqual({ opens: true, isCurrent: false });
  });

  test("and stays shut under another key of the same name, or without its own", ({ expect }) => {
    const kid = OLD.split(":")[0];
    const typo = parseMasterKeys(`${kid}:${randomBytes(32).toString("base64")}`);
    const checked = createSignerCore({ masterKeys: typo }).checkWallet(wallet);
    expect(checked).toEqual({ opens: false, isCurrent: true });
    const gone = createSignerCore({ masterKeys: parseMasterKeys(NEW) }).checkWallet(wallet);
    expect(gone).toEqual({ opens: false, isCurrent: false });
    expect(core.checkWallet({ ...wallet, address: "another" }).opens).toBe(false);
  });
});

describe("the envelope", () => {
  const owner: SecretOwner = { userId: 7, walletId: "w1", purpose: "solana-ed25519-seed" };

  test("opens under an older kid after a rotation and wraps under the new one", ({ expect }) => {
    const wrapped = wrapSecret(Buffer.from("secret"), owner, parseMasterKeys(OLD), randomBytes);
    const rotated = parseMasterKeys(`${NEW},${OLD}`);
    expect(openSecret(wrapped, owner, rotated).toString()).toBe("secret");
    expect(wrapSecret(Buffer.from("secret"), owner, rotated, randomBytes)).toMatch(/^v1\.new\./);
    expect(() => openSecret(wrapped, owner, parseMasterKeys(NEW))).toThrow(/no master key/);
  });

  test("does not open when a kid is exchanged for another that exists", ({ expect }) => {
    const both = parseMasterKeys(`${NEW},${OLD}`);
    const wrapped = wrapSecret(Buffer.from("secret"), owner, both, randomBytes);
    const moved = wrapped.replace("v1.new.", "v1.old.");
    expect(() => openSecret(moved, owner, both)).toThrow(/does not open/);
  });

  test("does not open when its two boxes are mixed with those of another secret", ({ expect }) => {
    const keys = parseMasterKeys(OLD);
    const [one, two] = ["one", "two"].map((text) =>
      wrapSecret(Buffer.from(text), owner, keys, randomBytes).split("."),
    );
    const mixed = [one?.[0], one?.[1], one?.[2], two?.[3]].join(".");
    expect(() => openSecret(mixed, owner, keys)).toThrow(/does not open/);
  });
});

describe("Ed25519", () => {
  test("gives the keys and signatures of web3.js for the same seed", ({ expect }) => {
    const seed = randomBytes(32);
    const key = createSigningKey(seed);
    expect(publicKeyBytes(key)).toEqual(Keypair.fromSeed(seed).publicKey.toBuffer());
  });

  test("matches test 2 of RFC 8032", ({ expect }) => {
    const seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const key = createSigningKey(Buffer.from(seed, "hex"));
    expect(publicKeyBytes(key).toString("hex")).toBe(
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    );
    expect(signBytes(key, Buffer.of(0x72)).toString("hex")).toBe(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
  });
});

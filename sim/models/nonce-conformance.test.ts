/** The same nonce scripts against the virtual machine's chain and against the plain ledger. */
import {
  Keypair,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import type { ChainAccount } from "./account-history.ts";
import type { ChainError } from "./chain-error.ts";
import { createChain, SOL } from "./chain-fixture.ts";
import { LedgerChain } from "./ledger-chain.ts";
import { LedgerMarket } from "./ledger-market.ts";
import { createPrng } from "./prng.ts";
import { parseWireTransaction } from "./wire-transaction.ts";

const RENT = 1_447_680;

interface Machine {
  name: string;
  fund(key: PublicKey): void;
  submit(wire: Uint8Array): string;
  tick(count: number): void;
  account(key: PublicKey): ChainAccount | undefined;
  /** Undefined: no block holds it. */
  landing(signature: string): { err: ChainError | null } | undefined;
  simulate(wire: Uint8Array, replaces: boolean): ChainError | null;
  blockhash(): string;
}

function onMachine(): Machine {
  const chain = createChain({ skipChance: 0 });
  return {
    name: "the virtual machine",
    fund: (key) => chain.setLamports(key.toBase58(), 10n * SOL),
    submit: (wire) => chain.submit(wire),
    tick: (count) => Array.from({ length: count }, () => chain.tick()),
    account: (key) => chain.accounts.current(key.toBase58()),
    landing: (signature) => chain.landingOf(signature),
    simulate(wire, replaceRecentBlockhash) {
      const { err } = chain.simulate(parseWireTransaction(wire), {
        sigVerify: false,
        replaceRecentBlockhash,
        isBlockhashValid: (hash) => chain.slots.isBlockhashUsable(hash, chain.blockHeight()),
      });
      return err;
    },
    blockhash: () => chain.latestBlockhash().blockhash,
  };
}

function onLedger(): Machine {
  const chain = new LedgerChain({
    prng: createPrng(7),
    nowMs: 1_790_000_000_000,
    market: new LedgerMarket([]),
    skipChance: 0,
  });
  const encode = (wire: Uint8Array): string => Buffer.from(wire).toString("base64");
  return {
    name: "the ledger",
    fund: (key) => chain.fund(key.toBase58(), 10n * SOL),
    submit: (wire) => chain.submit(encode(wire)),
    tick: (count) => Array.from({ length: count }, () => chain.tick(1_790_000_000_000)),
    account: (key) => chain.accounts.at(key.toBase58(), chain.slots.slot),
    landing: (signature) => chain.record(signature),
    simulate: (wire, replaces) => chain.simulate(encode(wire), chain.slots.head, replaces).err,
    blockhash: () => chain.slots.head.blockhash,
  };
}

class Script {
  readonly machine: Machine;
  readonly wallet = Keypair.fromSeed(Buffer.alloc(32, 3));
  readonly friend = Keypair.fromSeed(Buffer.alloc(32, 4)).publicKey;
  nonce = PublicKey.default;

  constructor(machine: Machine) {
    this.machine = machine;
    machine.fund(this.wallet.publicKey);
    machine.fund(this.friend);
  }

  static async begin(machine: Machine): Promise<Script> {
    const script = new Script(machine);
    const { publicKey } = script.wallet;
    script.nonce = await PublicKey.createWithSeed(publicKey, "n", SystemProgram.programId);
    return script;
  }

  create(): TransactionInstruction[] {
    const { publicKey } = this.wallet;
    return SystemProgram.createNonceAccount({
      fromPubkey: publicKey,
      basePubkey: publicKey,
      seed: "n",
      noncePubkey: this.nonce,
      authorizedPubkey: publicKey,
      lamports: RENT,
    }).instructions;
  }

  advance(authority = this.wallet.publicKey): TransactionInstruction {
    return SystemProgram.nonceAdvance({ noncePubkey: this.nonce, authorizedPubkey: authority });
  }

  withdraw(lamports = RENT): TransactionInstruction {
    return SystemProgram.nonceWithdraw({
      noncePubkey: this.nonce,
      authorizedPubkey: this.wallet.publicKey,
      toPubkey: this.wallet.publicKey,
      lamports,
    });
  }

  pay(lamports: bigint): TransactionInstruction {
    const fromPubkey = this.wallet.publicKey;
    return SystemProgram.transfer({ fromPubkey, toPubkey: this.friend, lamports });
  }

  sign(instructions: TransactionInstruction[], lifetime = this.machine.blockhash()): Uint8Array {
    const message = new TransactionMessage({
      payerKey: this.wallet.publicKey,
      recentBlockhash: lifetime,
      instructions,
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([this.wallet]);
    return transaction.serialize();
  }

  /** What became of it within some slots. */
  run(wire: Uint8Array): { err: ChainError | null } | undefined {
    const signature = this.machine.submit(wire);
    this.machine.tick(6);
    const found = this.machine.landing(signature);
    return found === undefined ? undefined : { err: found.err };
  }

  setUp(): string {
    this.run(this.sign(this.create()));
    return this.value();
  }

  value(): string {
    const account = this.machine.account(this.nonce);
    return account === undefined ? "no account" : encodeBase58(account.data.subarray(40, 72));
  }

  paid(): bigint {
    return (this.machine.account(this.friend)?.lamports ?? 0n) - 10n * SOL;
  }
}

for (const create of [onMachine, onLedger]) {
  describe(`durable nonces on ${create().name}`, () => {
    test("an account is created once, and a second creation changes nothing", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const { owner, lamports, data } = script.machine.account(script.nonce) ?? {};
      expect([owner, lamports]).toEqual([SystemProgram.programId.toBase58(), BigInt(RENT)]);
      expect(
        Buffer.from(data ?? [])
          .subarray(0, 8)
          .toString("hex"),
      ).toBe("0100000001000000");
      expect(Buffer.from(data ?? []).subarray(8, 40)).toEqual(script.wallet.publicKey.toBuffer());
      const again = script.run(script.sign(script.create()));
      expect(again).toEqual({ err: { InstructionError: [0, { Custom: 0 }] } });
      expect(script.value()).toBe(value);
    });

    test("of two transactions on one value one lands, long after any blockhash", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const first = script.sign([script.advance(), script.pay(SOL)], value);
      const second = script.sign([script.advance(), script.pay(2n * SOL)], value);
      script.machine.tick(300);
      expect(script.value()).toBe(value);
      expect(script.run(first)).toEqual({ err: null });
      expect(script.value()).not.toBe(value);
      expect(script.run(second)).toBeUndefined();
      expect(script.paid()).toBe(SOL);
    });

    test("both in one block still land only once", async ({ expect }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const wires = Array.from({ length: 8 }, (_, at) =>
        script.sign([script.advance(), script.pay(SOL + BigInt(at))], value),
      );
      const signatures = wires.map((wire) => script.machine.submit(wire));
      script.machine.tick(8);
      const landed = signatures.filter((one) => script.machine.landing(one) !== undefined);
      expect(landed).toHaveLength(1);
    });

    test("a transaction that only advances takes the turn of every other one", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const trade = script.sign([script.advance(), script.pay(SOL)], value);
      expect(script.run(script.sign([script.advance()], value))).toEqual({ err: null });
      expect(script.value()).not.toBe(value);
      expect(script.run(trade)).toBeUndefined();
      expect(script.paid()).toBe(0n);
    });

    test("a failing transaction has its turn too", async ({ expect }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const failed = script.run(script.sign([script.advance(), script.pay(900n * SOL)], value));
      expect(failed).toEqual({ err: { InstructionError: [1, { Custom: 1 }] } });
      expect(script.value()).not.toBe(value);
      expect(script.run(script.sign([script.advance(), script.pay(SOL)], value))).toBeUndefined();
      const next = script.sign([script.advance(), script.pay(SOL)], script.value());
      expect(script.run(next)).toEqual({ err: null });
    });

    test("a value is no lifetime when the advance is not the first instruction", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      expect(script.run(script.sign([script.pay(SOL), script.advance()], value))).toBeUndefined();
      expect(script.run(script.sign([script.pay(SOL)], value))).toBeUndefined();
      expect(script.value()).toBe(value);
    });

    test("only the authority's signature makes it one", async ({ expect }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const foreign = script.advance();
      foreign.keys = foreign.keys.slice(0, 2);
      expect(script.run(script.sign([foreign, script.pay(SOL)], value))).toBeUndefined();
      expect(script.value()).toBe(value);
    });

    test("a simulation refuses an old value, and takes any when it replaces it", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const wire = script.sign([script.advance(), script.pay(SOL)], value);
      expect(script.machine.simulate(wire, false)).toBeNull();
      expect(script.machine.simulate(wire, true)).toBeNull();
      expect(script.value()).toBe(value);
      script.run(script.sign([script.advance(), script.pay(1n)], value));
      const other = script.sign([script.advance(), script.pay(2n * SOL)], value);
      expect(script.machine.simulate(other, false)).toBe("BlockhashNotFound");
      expect(script.machine.simulate(other, true)).toBeNull();
    });

    test("a nonce is not advanced in the block that set it", async ({ expect }) => {
      const script = await Script.begin(create());
      const wire = script.sign([...script.create(), script.advance()]);
      expect(script.run(wire)).toEqual({ err: { InstructionError: [2, { Custom: 7 }] } });
      expect(script.machine.account(script.nonce)).toBeUndefined();
    });

    test("an address that holds lamports is filled up instead of created", async ({ expect }) => {
      const script = await Script.begin(create());
      const { publicKey } = script.wallet;
      const toPubkey = script.nonce;
      const gift = SystemProgram.transfer({ fromPubkey: publicKey, toPubkey, lamports: 900_000 });
      expect(script.run(script.sign([gift]))).toEqual({ err: null });
      expect(script.run(script.sign(script.create()))).toEqual({
        err: { InstructionError: [0, { Custom: 0 }] },
      });
      const allocation = SystemProgram.allocate({
        accountPubkey: script.nonce,
        basePubkey: publicKey,
        seed: "n",
        space: 80,
        programId: SystemProgram.programId,
      });
      const initialization = script.create().slice(1);
      const missing = { fromPubkey: publicKey, toPubkey, lamports: RENT - 900_000 };
      const poor = script.sign([allocation, ...initialization]);
      expect(script.run(poor)).toEqual({ err: { InstructionError: [1, "InsufficientFunds"] } });
      const filling = [SystemProgram.transfer(missing), allocation, ...initialization];
      expect(script.run(script.sign(filling))).toEqual({ err: null });
      const value = script.value();
      const again = script.run(script.sign([allocation]));
      expect(again).toEqual({ err: { InstructionError: [0, { Custom: 0 }] } });
      const wire = script.sign([script.advance(), script.pay(SOL)], value);
      expect(script.run(wire)).toEqual({ err: null });
    });

    test("withdrawing everything closes it, and its transactions never land", async ({
      expect,
    }) => {
      const script = await Script.begin(create());
      const value = script.setUp();
      const waiting = script.sign([script.advance(), script.pay(SOL)], value);
      expect(script.run(script.sign([script.withdraw(RENT - 1)]))).toEqual({
        err: { InstructionError: [0, "InsufficientFunds"] },
      });
      const before = script.machine.account(script.wallet.publicKey)?.lamports ?? 0n;
      expect(script.run(script.sign([script.withdraw()]))).toEqual({ err: null });
      const after = script.machine.account(script.wallet.publicKey)?.lamports ?? 0n;
      expect(after - before).toBe(BigInt(RENT) - 5_000n);
      expect(script.machine.account(script.nonce)).toBeUndefined();
      expect(script.run(waiting)).toBeUndefined();
      script.setUp();
      expect(script.run(waiting)).toBeUndefined();
    });
  });
}

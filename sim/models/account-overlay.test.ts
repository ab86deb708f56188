import { Keypair, type PublicKey, TransactionInstruction } from "@solana/web3.js";
import { describe, test } from "vitest";
import { balance, createChain, createWallet, pay, sign, SOL, tick } from "./chain-fixture.ts";
import type { ModelMeaning, ModelTransfer, ModelWrite, ProgramModel } from "./program-model.ts";
import { parseWireTransaction } from "./wire-transaction.ts";

const PROGRAM = Keypair.generate().publicKey;
const EVENT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

/** A program with one account of its own, and whatever it is told to do. */
function createScene(given: {
  owner?: PublicKey;
  isReadOnly?: boolean;
  writeOwner?: PublicKey;
  pays?: bigint;
}) {
  const { pays = SOL, owner = PROGRAM, writeOwner = PROGRAM } = given;
  const chain = createChain();
  const wallet = createWallet(chain);
  const state = Keypair.generate().publicKey;
  chain.accounts.setAccount(state.toBase58(), {
    owner: owner.toBase58(),
    data: Uint8Array.of(0),
    lamports: 5n * SOL,
  });
  const seen: { lamports: bigint; data: number | undefined }[] = [];
  const [from, to] = [state.toBase58(), wallet.publicKey.toBase58()];
  const transfers: ModelTransfer[] = [{ kind: "payout", from, to, lamports: pays }];
  const model: ProgramModel = {
    programId: PROGRAM.toBase58(),
    authorities: () => new Set<string>(),
    interpret(_instruction, view): ModelMeaning {
      const before = view.dataOf(from)?.[0] ?? 0;
      seen.push({ lamports: view.lamportsOf(from), data: before });
      const data = Uint8Array.of(before + 1);
      const write: ModelWrite = { pubkey: from, owner: writeOwner.toBase58(), data };
      const event = { programId: PROGRAM.toBase58(), eventAuthority: to, data: EVENT };
      const effects = { writes: [write], events: [event], logs: [], commit: () => undefined };
      return { kind: "transfers", transfers, ...effects };
    },
  };
  chain.registerModel(model);
  const instruction = new TransactionInstruction({
    programId: PROGRAM,
    keys: [
      { pubkey: wallet.publicKey, isSigner: true, isWritable: true },
      { pubkey: state, isSigner: false, isWritable: given.isReadOnly !== true },
    ],
    data: Buffer.alloc(0),
  });
  return { chain, wallet, state, instruction, seen };
}

type Scene = ReturnType<typeof createScene>;

function land({ chain, wallet }: Scene, instructions: TransactionInstruction[]) {
  const signature = chain.submit(sign(chain, wallet, instructions));
  tick(chain, 4);
  const record = chain.history.get(signature);
  if (record === undefined) throw new Error("expected the transaction in a block");
  return record;
}

describe("a model program's own accounts", () => {
  test("pay and are written to, once the transaction lands", ({ expect }) => {
    const scene = createScene({});
    const { chain, wallet, state, instruction } = scene;
    const record = land(scene, [instruction]);
    expect(record.err).toBeNull();
    expect(balance(chain, wallet.publicKey)).toBe(11n * SOL - record.fee);
    expect(balance(chain, state)).toBe(4n * SOL);
    expect(chain.accounts.current(state.toBase58())?.data).toEqual(Uint8Array.of(1));
    const shown = chain.accounts.changes(state.toBase58(), 0, chain.slot());
    expect(shown.at(-1)?.account?.data).toEqual(Uint8Array.of(1));
  });

  test("show a second instruction what the first one did", ({ expect }) => {
    const scene = createScene({});
    expect(land(scene, [scene.instruction, scene.instruction]).err).toBeNull();
    expect(scene.seen.at(-1)).toEqual({ lamports: 4n * SOL, data: 1 });
    expect(balance(scene.chain, scene.state)).toBe(3n * SOL);
  });

  test("stay as they were when the transaction fails later", ({ expect }) => {
    const scene = createScene({});
    const { chain, wallet, state, instruction } = scene;
    const late = pay(wallet, Keypair.generate().publicKey, 50n * SOL);
    const record = land(scene, [instruction, late]);
    expect(record.err).toEqual({ InstructionError: [1, { Custom: 1 }] });
    expect([balance(chain, state), balance(chain, wallet.publicKey)]).toEqual([
      5n * SOL,
      10n * SOL - record.fee,
    ]);
    expect(chain.accounts.current(state.toBase58())?.data).toEqual(Uint8Array.of(0));
  });

  test("are shown changed by a simulation and left alone by it", ({ expect }) => {
    const { chain, wallet, state, instruction } = createScene({});
    const wire = parseWireTransaction(sign(chain, wallet, [instruction]));
    const outcome = chain.simulate(wire, {
      sigVerify: true,
      replaceRecentBlockhash: false,
      isBlockhashValid: () => true,
    });
    const shown = outcome.accounts.get(state.toBase58());
    expect([shown?.lamports, shown?.data]).toEqual([4n * SOL, Uint8Array.of(1)]);
    expect(balance(chain, state)).toBe(5n * SOL);
  });

  test("are the only ones that a program pays from and writes to", ({ expect }) => {
    const stranger = Keypair.generate().publicKey;
    const foreign = createScene({ owner: stranger });
    expect(land(foreign, [foreign.instruction]).err).toEqual({
      InstructionError: [0, "ExternalAccountLamportSpend"],
    });
    const given = createScene({ writeOwner: stranger });
    expect(land(given, [given.instruction]).err).toEqual({
      InstructionError: [0, "ReadonlyDataModified"],
    });
    const locked = createScene({ isReadOnly: true });
    expect(land(locked, [locked.instruction]).err).toEqual({
      InstructionError: [0, "PrivilegeEscalation"],
    });
    expect(balance(locked.chain, locked.state)).toBe(5n * SOL);
  });

  test("tell their events in the log and by a call of the program to itself", ({ expect }) => {
    const scene = createScene({});
    const { logs, inner } = land(scene, [scene.instruction]);
    const line = `Program data: ${Buffer.from(EVENT).toString("base64")}`;
    expect(logs[0]).toBe(`Program ${PROGRAM.toBase58()} invoke [1]`);
    expect(logs).toContain(line);
    expect(logs.filter((text) => text.includes(" invoke [2]"))).toEqual([]);
    const [call] = inner.get(0) ?? [];
    expect(call?.programId).toBe(PROGRAM.toBase58());
    expect(Buffer.from(call?.data ?? []).toString("hex")).toBe(
      `e445a52e51cb9a1d${Buffer.from(EVENT).toString("hex")}`,
    );
  });
});

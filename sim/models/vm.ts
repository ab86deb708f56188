import { Clock as VmClock, FailedTransactionMetadata, LiteSVM } from "litesvm";
import type { TransactionMetadata } from "litesvm";
import type { ChainAccount } from "./account-history.ts";
import { type ChainError, parseVmError } from "./chain-error.ts";
import type { PlainMessage } from "./plain-message.ts";

type KitAddress = Parameters<LiteSVM["getAccount"]>[0];
type KitAccount = Parameters<LiteSVM["setAccount"]>[0];
type KitTransaction = Parameters<LiteSVM["sendTransaction"]>[0];

export interface VmInnerInstruction {
  programIndex: number;
  accountIndexes: number[];
  data: Uint8Array;
  stackHeight: number;
}

export interface VmResult {
  err: ChainError | null;
  logs: string[];
  unitsConsumed: number;
  /** By instruction of the message. */
  inner: VmInnerInstruction[][];
  returnData: { programId: Uint8Array; data: Uint8Array } | undefined;
  /** Accounts after a simulation that succeeded; empty otherwise. */
  accounts: Map<string, ChainAccount>;
}

/**
 * The Solana virtual machine with its own gatekeeping switched off: signatures, blockhash age,
 * duplicates and fees of the outside transaction are checked by the chain, because what runs in
 * here is a rewritten message.
 */
export class Vm {
  readonly #svm: LiteSVM;

  constructor() {
    this.#svm = new LiteSVM()
      .withSigverify(false)
      .withBlockhashCheck(false)
      .withTransactionHistory(0n)
      .withNativeMints();
  }

  account(pubkey: string): ChainAccount | undefined {
    const found = this.#svm.getAccount(pubkey as KitAddress);
    return found.exists && found.lamports > 0n ? toChainAccount(found) : undefined;
  }

  setAccount(pubkey: string, account: ChainAccount): void {
    this.#svm.setAccount({
      address: pubkey as KitAddress,
      data: account.data,
      executable: account.executable,
      lamports: account.lamports as KitAccount["lamports"],
      programAddress: account.owner as KitAddress,
      space: BigInt(account.data.length),
    });
  }

  rentExemptLamports(space: number): bigint {
    return this.#svm.minimumBalanceForRentExemption(BigInt(space));
  }

  blockhash(): string {
    return this.#svm.latestBlockhash();
  }

  /** Durable nonces advance at most once per block, so each block needs its own blockhash here. */
  enterBlock(slot: number, unixSeconds: number): void {
    this.#svm.expireBlockhash();
    const slotsPerEpoch = 432_000n;
    const epoch = BigInt(slot) / slotsPerEpoch;
    const seconds = BigInt(unixSeconds);
    this.#svm.setClock(new VmClock(BigInt(slot), seconds, epoch, epoch + 1n, seconds));
  }

  execute(message: PlainMessage): VmResult {
    const result = this.#svm.sendTransaction(toTransaction(message));
    return result instanceof FailedTransactionMetadata
      ? toResult(result.meta(), parseVmError(result.err()))
      : toResult(result, null);
  }

  simulate(message: PlainMessage): VmResult {
    const result = this.#svm.simulateTransaction(toTransaction(message));
    if (result instanceof FailedTransactionMetadata) {
      return toResult(result.meta(), parseVmError(result.err()));
    }
    const simulated = toResult(result.meta(), null);
    for (const account of result.postAccounts()) {
      simulated.accounts.set(account.address, toChainAccount(account));
    }
    return simulated;
  }
}

function toChainAccount(account: {
  data: ArrayLike<number>;
  executable: boolean;
  lamports: bigint;
  programAddress: string;
}): ChainAccount {
  return {
    lamports: account.lamports,
    data: Uint8Array.from(account.data),
    owner: account.programAddress,
    executable: account.executable,
  };
}

function toTransaction({ bytes, keys, signerCount }: PlainMessage): KitTransaction {
  assertIsMessageBytes(bytes);
  return {
    messageBytes: bytes,
    signatures: Object.fromEntries(
      keys.slice(0, signerCount).map((key) => [key as KitAddress, null]),
    ) as KitTransaction["signatures"],
  };
}

function assertIsMessageBytes(
  bytes: Uint8Array,
): asserts bytes is Uint8Array & KitTransaction["messageBytes"] {
  if (bytes.length === 0) throw new Error("expected a message, was empty");
}

function toResult(meta: TransactionMetadata, err: ChainError | null): VmResult {
  const returned = meta.returnData();
  const data = returned.data();
  return {
    err,
    logs: meta.logs(),
    unitsConsumed: Number(meta.computeUnitsConsumed()),
    inner: meta.innerInstructions().map((group) =>
      group.map((entry) => ({
        programIndex: entry.instruction().programIdIndex(),
        accountIndexes: [...entry.instruction().accounts()],
        data: entry.instruction().data(),
        stackHeight: entry.stackHeight(),
      })),
    ),
    returnData: data.length === 0 ? undefined : { programId: returned.programId(), data },
    accounts: new Map(),
  };
}

import { decodeBase58 } from "@raptor/shared/values/base58.ts";

export interface PlainAccount {
  pubkey: string;
  isSigner: boolean;
  isWritable: boolean;
}

export interface PlainInstruction {
  programId: string;
  accounts: PlainAccount[];
  data: Uint8Array;
}

export interface PlainMessage {
  bytes: Uint8Array;
  keys: string[];
  signerCount: number;
}

/**
 * Encodes a legacy message without the size limit of the wire: the virtual machine runs it, it
 * never travels. `payer` pays the machine's fee.
 */
export function encodePlainMessage(
  payer: string,
  recentBlockhash: string,
  instructions: readonly PlainInstruction[],
): PlainMessage {
  const flags = new Map([[payer, { isSigner: true, isWritable: true }]]);
  function add(pubkey: string, isSigner: boolean, isWritable: boolean): void {
    const known = flags.get(pubkey);
    flags.set(pubkey, {
      isSigner: isSigner || known?.isSigner === true,
      isWritable: isWritable || known?.isWritable === true,
    });
  }
  for (const { accounts } of instructions) {
    for (const account of accounts) add(account.pubkey, account.isSigner, account.isWritable);
  }
  for (const { programId } of instructions) add(programId, false, false);
  const groups = [...flags].toSorted(([, a], [, b]) => rank(a) - rank(b));
  const keys = groups.map(([pubkey]) => pubkey);
  if (keys.length > 256) throw new Error(`expected at most 256 accounts, was ${keys.length}`);
  const indexOf = new Map(keys.map((pubkey, index) => [pubkey, index]));
  const count = (wanted: number) => groups.filter(([, flag]) => rank(flag) === wanted).length;
  const signerCount = count(0) + count(1);
  const parts: Uint8Array[] = [
    Uint8Array.of(signerCount, count(1), count(3)),
    encodeLength(keys.length),
    ...keys.map(pubkeyBytes),
    pubkeyBytes(recentBlockhash),
    encodeLength(instructions.length),
  ];
  for (const { programId, accounts, data } of instructions) {
    parts.push(Uint8Array.of(indexOf.get(programId) as number));
    parts.push(encodeLength(accounts.length));
    parts.push(Uint8Array.from(accounts, ({ pubkey }) => indexOf.get(pubkey) as number));
    parts.push(encodeLength(data.length), data);
  }
  return { bytes: Buffer.concat(parts), keys, signerCount };
}

function rank({ isSigner, isWritable }: { isSigner: boolean; isWritable: boolean }): number {
  return (isSigner ? 0 : 2) + (isWritable ? 0 : 1);
}

export function pubkeyBytes(pubkey: string): Uint8Array {
  const bytes = decodeBase58(pubkey);
  if (bytes?.length !== 32) throw new Error(`expected a 32-byte key in base58, was ${pubkey}`);
  return bytes;
}

function encodeLength(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f ? 0x80 : 0;
    bytes.push((rest & 0x7f) | more);
    rest >>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

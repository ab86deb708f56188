import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { AccountAnswer } from "./rpc-answers.ts";
import { accountsAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import { LOOKUP_TABLE_PROGRAM } from "./programs.ts";

export interface LookupTable {
  address: string;
  addresses: string[];
}

/** A table begins with 56 bytes of meta data; the addresses follow. */
const META_BYTES = 56;
const KIND_TABLE = 1;
const ACTIVE = 0xffff_ffff_ffff_ffffn;
const LAST_EXTENDED_SLOT_AT = 12;
const LAST_EXTENDED_START_AT = 20;

export interface FoundTables {
  /** As the newest node shows it that knows it at all, in the order of the addresses. */
  tables: (LookupTable | undefined)[];
  /** Of each table what two nodes show, or the only one that answered; others may be behind. */
  agreed: LookupTable[];
  /** Tables of which another node shows other contents. */
  contradicted: string[];
}

/**
 * The tables as our own nodes hold them. An address that is younger than the answer's slot cannot
 * be used yet, so it is left out.
 */
export async function fetchLookupTables(
  rpc: Rpc,
  addresses: readonly string[],
): Promise<FoundTables> {
  if (addresses.length === 0) return { tables: [], agreed: [], contradicted: [] };
  const answers = await rpc.askSeveral(
    "getMultipleAccounts",
    [addresses, { encoding: "base64", commitment: "confirmed" }],
    accountsAnswer,
  );
  const words = answers
    .toSorted((one, other) => other.context.slot - one.context.slot)
    .map(({ value, context }) =>
      addresses.map((address, index) => parseLookupTable(address, value[index], context.slot)),
    );
  const known = addresses.map((_, index) => words.flatMap((word) => word[index] ?? []));
  return {
    tables: known.map(([newest]) => newest),
    agreed: known.flatMap((tables) => agreedOf(tables, answers.length)),
    contradicted: addresses.filter((_, index) => isContradicted(known[index] ?? [])),
  };
}

/** One of two nodes may lie about a table, and of three one may have stopped long before it. */
function agreedOf(tables: readonly LookupTable[], nodes: number): LookupTable[] {
  const [longest, second] = tables.toSorted((a, b) => b.addresses.length - a.addresses.length);
  const agreed = nodes === 1 ? longest : second;
  return agreed === undefined ? [] : [agreed];
}

/** A table only grows: what is there never changes, and a node that is behind knows less of it. */
function isContradicted(tables: readonly LookupTable[]): boolean {
  const all = tables.map(({ addresses }) => addresses);
  const longest = all.reduce((a, b) => (b.length > a.length ? b : a), []);
  return all.some((addresses) => addresses.some((key, at) => longest[at] !== key));
}

function parseLookupTable(
  address: string,
  account: AccountAnswer | null | undefined,
  slot: number,
): LookupTable | undefined {
  if (account?.owner !== LOOKUP_TABLE_PROGRAM) return undefined;
  const data = Buffer.from(account.data[0], "base64");
  if (data.length < META_BYTES || (data.length - META_BYTES) % 32 !== 0) return undefined;
  if (data.readUInt32LE(0) !== KIND_TABLE || data.readBigUInt64LE(4) !== ACTIVE) return undefined;
  const all: string[] = [];
  for (let at = META_BYTES; at < data.length; at += 32) {
    all.push(encodeBase58(data.subarray(at, at + 32)));
  }
  const isFresh = data.readBigUInt64LE(LAST_EXTENDED_SLOT_AT) >= BigInt(slot);
  const usable = isFresh ? all.slice(0, data.readUInt8(LAST_EXTENDED_START_AT)) : all;
  return { address, addresses: usable };
}

/**
 * Compares what the route service says with what the chain says. A table that differs inside the
 * stated length would put other accounts into the transaction than the ones that were shown.
 * Tables only grow, so a longer one on the chain is the same table.
 */
export function checkLookupTables(
  stated: Readonly<Record<string, readonly string[]>>,
  found: readonly (LookupTable | undefined)[],
): string[] {
  return Object.entries(stated).flatMap(([address, addresses], index) => {
    const table = found[index];
    if (table === undefined) return [`lookup table ${address} is not on the chain`];
    const differs = addresses.some((key, at) => {
      const known = table.addresses[at];
      return known !== undefined && known !== key;
    });
    return differs ? [`lookup table ${address} holds other accounts than the route says`] : [];
  });
}

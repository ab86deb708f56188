import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import { createFakeChain } from "./fake-chain.ts";
import { BOUGHT_MINT, STRANGER, TABLE, TAKER } from "./jupiter-fixture.ts";
import { checkLookupTables, fetchLookupTables } from "./lookup-tables.ts";
import { LOOKUP_TABLE_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

const SLOT = 1_000n;

/** Account layout of the address lookup table program: 56 bytes of meta data, then the keys. */
function tableData(
  addresses: string[],
  meta: { kind?: number; deactivatedAt?: bigint; extendedAt?: bigint; extendedFrom?: number } = {},
): Buffer {
  const data = Buffer.alloc(56 + 32 * addresses.length);
  data.writeUInt32LE(meta.kind ?? 1, 0);
  data.writeBigUInt64LE(meta.deactivatedAt ?? 0xffff_ffff_ffff_ffffn, 4);
  data.writeBigUInt64LE(meta.extendedAt ?? 5n, 12);
  data.writeUInt8(meta.extendedFrom ?? 0, 20);
  addresses.forEach((address, at) => data.set(decodeBase58(address) ?? [], 56 + 32 * at));
  return data;
}

async function fetchOne(data: Buffer | null, owner = LOOKUP_TABLE_PROGRAM) {
  const { nodes, rpc } = createFakeChain();
  const account =
    data === null
      ? null
      : {
          data: [data.toString("base64"), "base64"],
          executable: false,
          lamports: 1,
          owner,
          rentEpoch: 0,
          space: data.length,
        };
  for (const node of nodes) {
    const result = { context: { slot: Number(SLOT) }, value: [account] };
    node.broken.set("getMultipleAccounts", { result });
  }
  const { tables } = await fetchLookupTables(rpc, [TABLE]);
  return tables[0];
}

describe("a lookup table", () => {
  test("is read from our own nodes", async ({ expect }) => {
    const table = await fetchOne(tableData([STRANGER, TAKER]));
    expect(table).toEqual({ address: TABLE, addresses: [STRANGER, TAKER] });
  });

  test("counts only with the addresses that are usable in this slot", async ({ expect }) => {
    const meta = { extendedAt: SLOT, extendedFrom: 1 };
    const table = await fetchOne(tableData([STRANGER, TAKER], meta));
    expect(table?.addresses).toEqual([STRANGER]);
  });

  test("does not count when it is absent, foreign, closing or cut", async ({ expect }) => {
    expect(await fetchOne(null)).toBeUndefined();
    expect(await fetchOne(tableData([TAKER]), TOKEN_PROGRAM)).toBeUndefined();
    expect(await fetchOne(tableData([TAKER], { deactivatedAt: 900n }))).toBeUndefined();
    expect(await fetchOne(tableData([TAKER], { kind: 0 }))).toBeUndefined();
    expect(await fetchOne(tableData([TAKER]).subarray(0, 80))).toBeUndefined();
  });
});

describe("the comparison with the route's word", () => {
  const found = [{ address: TABLE, addresses: [STRANGER, BOUGHT_MINT] }];

  test("agrees with the same table and with one that has grown", ({ expect }) => {
    expect(checkLookupTables({ [TABLE]: [STRANGER, BOUGHT_MINT] }, found)).toEqual([]);
    expect(checkLookupTables({ [TABLE]: [STRANGER] }, found)).toEqual([]);
  });

  test("refuses another account at any place, and a table that is not there", ({ expect }) => {
    expect(checkLookupTables({ [TABLE]: [TAKER, BOUGHT_MINT] }, found)).toHaveLength(1);
    expect(checkLookupTables({ [TABLE]: [STRANGER, TAKER] }, found)).toHaveLength(1);
    expect(checkLookupTables({ [TABLE]: [STRANGER] }, [undefined])).toHaveLength(1);
  });
});

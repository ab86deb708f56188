import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import { createFakeChain, createNodeState } from "./fake-chain.ts";
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

function accountOf(data: Buffer | null, owner = LOOKUP_TABLE_PROGRAM): unknown {
  if (data === null) return null;
  const rest = { executable: false, lamports: 1, rentEpoch: 0, space: data.length };
  return { data: [data.toString("base64"), "base64"], owner, ...rest };
}

async function fetchOne(data: Buffer | null, owner?: string) {
  const { nodes, rpc } = createFakeChain();
  for (const node of nodes) {
    const result = { context: { slot: Number(SLOT) }, value: [accountOf(data, owner)] };
    node.broken.set("getMultipleAccounts", { result });
  }
  const { tables } = await fetchLookupTables(rpc, [TABLE]);
  return tables[0];
}

/** What two or three nodes show of it, each with its slot; null: it knows no such table. */
async function fetchFrom(...shown: [slot: number, addresses: string[] | null][]) {
  const third = createNodeState();
  const { nodes, rpc } = createFakeChain(shown.length > 2 ? third : undefined);
  shown.forEach(([slot, addresses], at) => {
    const value = [accountOf(addresses === null ? null : tableData(addresses))];
    const result = { context: { slot }, value };
    [...nodes, third][at]?.broken.set("getMultipleAccounts", { result });
  });
  return fetchLookupTables(rpc, [TABLE]);
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

describe("a lookup table of which some nodes know less", () => {
  const whole = { address: TABLE, addresses: [STRANGER, TAKER] };

  test("is read from the newest that knows it, whatever slot another one names", async ({
    expect,
  }) => {
    const { tables, contradicted } = await fetchFrom([1_000, whole.addresses], [9_000_000, null]);
    expect(tables).toEqual([whole]);
    expect(contradicted).toEqual([]);
  });

  test("is agreed on as far as two of three show it", async ({ expect }) => {
    const { addresses } = whole;
    for (const less of [null, [STRANGER]]) {
      for (const slot of [10, 9_000_000]) {
        const found = await fetchFrom([1_000, addresses], [slot, less], [999, addresses]);
        expect(found.agreed).toEqual([whole]);
      }
      const alone = await fetchFrom([1_000, addresses], [999, less], [998, less]);
      expect(alone.agreed).toEqual(less === null ? [] : [{ ...whole, addresses: less }]);
    }
  });

  test("is not agreed on by one of two", async ({ expect }) => {
    expect((await fetchFrom([1_000, whole.addresses], [10, null])).agreed).toEqual([]);
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

import { accountTag } from "../../pools/discriminator.ts";
import { curveRef, migratedRef, type PoolRef } from "../../pools/direct-pool.ts";
import { keyBytes, namedAddress } from "../../pools/program-address.ts";
import { PUMP_AMM_PROGRAM, PUMP_FEE_PROGRAM, PUMP_PROGRAM } from "../../pools/programs.ts";
import { TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { addressOf, type FakeAccount } from "./streams-fixture.ts";

export const MINT = addressOf(900_000);
const DECIMALS = 6;
const SUPPLY = 1_000_000_000_000_000n;
const GLOBAL_BYTES = 1_088;

/** Bytes of accounts written field by field, as the programs lay them out. */
class Bytes {
  readonly #parts: Buffer[] = [];

  add(part: Uint8Array): this {
    this.#parts.push(Buffer.from(part));
    return this;
  }

  u64(...values: bigint[]): this {
    for (const value of values) {
      const part = Buffer.alloc(8);
      part.writeBigUInt64LE(value);
      this.add(part);
    }
    return this;
  }

  padded(length: number, fill = 0): Buffer {
    const bytes = Buffer.concat(this.#parts);
    return Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length), fill)]);
  }
}

/** A curve, its settings, and the token: what pump.fun has before the curve is full. */
export function curveAccounts(
  base: bigint,
  quote: bigint,
  isComplete = false,
): Map<string, FakeAccount> {
  const [curve, global, fees] = curveRef(MINT, TOKEN_PROGRAM).watch as [string, string, string];
  const bytes = new Bytes()
    .add(accountTag("BondingCurve"))
    .u64(base, quote, base, quote, SUPPLY)
    .add(Uint8Array.of(Number(isComplete)))
    .padded(166);
  return new Map([
    [MINT, mintAccount()],
    [curve, { bytes, owner: PUMP_PROGRAM }],
    [global, settings("Global", PUMP_PROGRAM)],
    [fees, feeConfig()],
  ]);
}

/** The pool that the curve becomes. */
export function swapAccounts(base: bigint, quote: bigint): Map<string, FakeAccount> {
  const [pool, baseVault, quoteVault, , global, fees] = migratedRef(MINT, TOKEN_PROGRAM).watch as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const bytes = new Bytes()
    .add(accountTag("Pool"))
    .add(Uint8Array.of(255, 0, 0))
    .add(keyBytes(namedAddress(PUMP_PROGRAM, "pool-authority", MINT)))
    .add(keyBytes(MINT))
    .add(keyBytes(WSOL_MINT))
    .add(keyBytes(addressOf(900_001)))
    .add(keyBytes(baseVault))
    .add(keyBytes(quoteVault))
    .padded(300);
  return new Map([
    [MINT, mintAccount()],
    [pool, { bytes, owner: PUMP_AMM_PROGRAM }],
    [baseVault, vaultAccount(base)],
    [quoteVault, vaultAccount(quote)],
    [global, settings("GlobalConfig", PUMP_AMM_PROGRAM)],
    [fees, feeConfig()],
  ]);
}

export function vaultAccount(quantity: bigint): FakeAccount {
  return { bytes: new Bytes().add(Buffer.alloc(64)).u64(quantity).padded(165) };
}

export const CURVE: PoolRef = curveRef(MINT, TOKEN_PROGRAM);
export const SWAP: PoolRef = migratedRef(MINT, TOKEN_PROGRAM);

function mintAccount(): FakeAccount {
  const bytes = new Bytes()
    .add(Buffer.alloc(36))
    .u64(SUPPLY)
    .add(Uint8Array.of(DECIMALS, 1))
    .padded(82);
  return { bytes, owner: TOKEN_PROGRAM };
}

/** Keys of ones are keys; numbers of ones switch nothing off. */
function settings(name: string, owner: string): FakeAccount {
  return { bytes: new Bytes().add(accountTag(name)).padded(GLOBAL_BYTES, 1), owner };
}

function feeConfig(): FakeAccount {
  const bytes = new Bytes()
    .add(accountTag("FeeConfig"))
    .add(Buffer.alloc(33))
    .u64(20n, 5n, 5n)
    .add(Uint8Array.of(1, 0, 0, 0))
    .u64(0n, 0n, 20n, 5n, 5n)
    .padded(200);
  return { bytes, owner: PUMP_FEE_PROGRAM };
}

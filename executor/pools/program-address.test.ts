import { PublicKey } from "@solana/web3.js";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import fc from "fast-check";
import { describe, test } from "vitest";
import { PUMP_FEE_CONFIG, PUMP_GLOBAL } from "./curve-pool.ts";
import { isOnCurve, keyBytes, namedAddress, programAddress } from "./program-address.ts";
import { tokenAccountOf } from "./program-address.ts";
import { ATA_PROGRAM, PUMP_AMM_PROGRAM, PUMP_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import { SWAP_FEE_CONFIG, SWAP_GLOBAL_CONFIG } from "./swap-pool.ts";

const P = 2n ** 255n - 19n;
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

function fieldBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(at * 8)) & 0xffn));
}

describe("an address derived from seeds", () => {
  test("is the one web3.js derives, for any seeds and program", ({ expect }) => {
    const seeds = fc.array(fc.uint8Array({ maxLength: 32 }), { maxLength: 5 });
    const property = fc.property(seeds, key, (parts, program) => {
      const owner = new PublicKey(program);
      const [theirs] = PublicKey.findProgramAddressSync(parts, owner);
      expect(programAddress(owner.toBase58(), parts)).toBe(theirs.toBase58());
    });
    fc.assert(property, { seed: 4_201, numRuns: 1_000 });
  });

  test("is a token account as web3.js derives it", ({ expect }) => {
    const property = fc.property(key, key, (owner, mint) => {
      const seeds = [owner, keyBytes(TOKEN_PROGRAM), mint];
      const [theirs] = PublicKey.findProgramAddressSync(seeds, new PublicKey(ATA_PROGRAM));
      const ours = tokenAccountOf(encodeBase58(owner), encodeBase58(mint), TOKEN_PROGRAM);
      expect(ours).toBe(theirs.toBase58());
    });
    fc.assert(property, { seed: 4_202, numRuns: 200 });
  });

  test("is the same when it is asked for again", ({ expect }) => {
    const first = namedAddress(PUMP_PROGRAM, "bonding-curve", TOKEN_PROGRAM);
    expect(namedAddress(PUMP_PROGRAM, "bonding-curve", TOKEN_PROGRAM)).toBe(first);
    expect(namedAddress(PUMP_AMM_PROGRAM, "bonding-curve", TOKEN_PROGRAM)).not.toBe(first);
  });

  test("is the known one for every account that all trades share", ({ expect }) => {
    expect(PUMP_GLOBAL).toBe("4wTV1YmiEkRvAtNtsSGPtUrqRYQMe5SKy2uB4Jjaxnjf");
    expect(PUMP_FEE_CONFIG).toBe("8Wf5TiAheLUqBrKXeYg2JtAFFMWtKdG2BSFgqUcPVwTt");
    expect(SWAP_GLOBAL_CONFIG).toBe("ADyA8hdefvWN2dbGGWFotbzWxrAvLW83WG6QCVXvJKqw");
    expect(SWAP_FEE_CONFIG).toBe("5PHirr8joyTMp9JMm6nW7hNDVyEYdkzDqazxPD7RaTjx");
    expect(namedAddress(PUMP_PROGRAM, "__event_authority")).toBe(
      "Ce6TQqeHC9p8KetsN6JsjHK7UTZk7nasjjnr7XxXp9F1",
    );
    expect(namedAddress(PUMP_AMM_PROGRAM, "__event_authority")).toBe(
      "GS4CU59F31iL7aR2Q8zVS8DRrcRnXX1yjQ66TqNVQnaR",
    );
    expect(namedAddress(PUMP_PROGRAM, "global_volume_accumulator")).toBe(
      "Hq2wp8uJ9jCPsYgNHex8RtqdvMPfVGoYwjvF1ATiwn2Y",
    );
    expect(namedAddress(PUMP_AMM_PROGRAM, "global_volume_accumulator")).toBe(
      "C2aFPdENg4A2HQsmrd5rTw5TaYBX5Ku887cWjbFKtZpw",
    );
  });
});

describe("a point of the curve", () => {
  test("is told from no point exactly as web3.js tells it", ({ expect }) => {
    const property = fc.property(key, (bytes) => {
      expect(isOnCurve(bytes)).toBe(PublicKey.isOnCurve(bytes));
    });
    fc.assert(property, { seed: 4_203, numRuns: 5_000 });
  });

  test("is told at the edges of the field as the runtime tells it", ({ expect }) => {
    for (const y of [0n, 1n, 2n, 3n, P - 2n, P - 1n]) {
      const bytes = fieldBytes(y);
      expect(isOnCurve(bytes), `y ${y}`).toBe(PublicKey.isOnCurve(bytes));
      // web3.js refuses y beyond the prime and a sign without an x; the chain's runtime takes both.
      if (y < 19n) expect(isOnCurve(fieldBytes(P + y)), `y ${y} + p`).toBe(isOnCurve(bytes));
      const signed = bytes.with(31, (bytes[31] ?? 0) | 0x80);
      expect(isOnCurve(signed), `y ${y}, signed`).toBe(isOnCurve(bytes));
    }
  });
});

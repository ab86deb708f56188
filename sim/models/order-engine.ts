import { createHash } from "node:crypto";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Keypair } from "@solana/web3.js";
import type { ModelMeaning, ModelTransfer, ProgramModel } from "./program-model.ts";

/** The program through which market makers fill orders; taker and maker both sign. */
export const ORDER_ENGINE_PROGRAM_ID = "61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH";

const DISCRIMINATOR = createHash("sha256").update("global:fill").digest().subarray(0, 8);
const DATA_BYTES = 32;
const ACCOUNT_COUNT = 11;
const ORDER_EXPIRED = 6001;
const INVALID = 101;
const NOT_SIGNED = 3010;

export interface Fill {
  quantityIn: bigint;
  quantityOut: bigint;
  expireAtSeconds: bigint;
}

export function encodeFill(fill: Fill): Buffer {
  const data = Buffer.alloc(DATA_BYTES);
  DISCRIMINATOR.copy(data);
  let at = data.writeBigUInt64LE(fill.quantityIn, 8);
  at = data.writeBigUInt64LE(fill.quantityOut, at);
  data.writeBigInt64LE(fill.expireAtSeconds, at);
  return data;
}

/**
 * A fill exchanges fixed quantities. Its accounts: taker, maker, taker's and maker's accounts of
 * the input, taker's and maker's accounts of the output, input mint and its program, output mint
 * and its program, system program. The program's own id in place of an account means native SOL.
 */
export function createOrderEngine(
  clock: Clock,
  decimalsOf: (mint: string) => number,
): ProgramModel {
  const none: ReadonlyMap<string, Keypair> = new Map();
  return {
    programId: ORDER_ENGINE_PROGRAM_ID,
    authorities: () => none,
    interpret(instruction, _view, signers): ModelMeaning {
      const data = Buffer.from(instruction.data);
      const accounts = instruction.accounts.map(({ pubkey }) => pubkey);
      if (!data.subarray(0, 8).equals(DISCRIMINATOR) || data.length < DATA_BYTES) {
        return fail(INVALID, "Fallback functions are not supported");
      }
      if (accounts.length < ACCOUNT_COUNT) return fail(3005, "Not enough account keys");
      const [taker = "", maker = "", takerIn = "", makerIn = "", takerOut = "", makerOut = ""] =
        accounts;
      const [mintIn = "", programIn = "", mintOut = "", programOut = ""] = accounts.slice(6);
      if (![taker, maker].every((party) => signers.includes(party))) {
        return fail(NOT_SIGNED, "The given account did not sign");
      }
      const nowSeconds = BigInt(Math.floor(clock.nowMs() / 1_000));
      if (data.readBigInt64LE(24) < nowSeconds) return fail(ORDER_EXPIRED, "Order expired");
      const input = { mint: mintIn, tokenProgram: programIn, quantity: data.readBigUInt64LE(8) };
      const output = {
        mint: mintOut,
        tokenProgram: programOut,
        quantity: data.readBigUInt64LE(16),
      };
      return {
        kind: "transfers",
        transfers: [
          exchange(
            decimalsOf,
            input,
            { party: taker, from: takerIn },
            { party: maker, to: makerIn },
          ),
          exchange(
            decimalsOf,
            output,
            { party: maker, from: makerOut },
            { party: taker, to: takerOut },
          ),
        ],
        logs: ["Program log: Instruction: Fill"],
        commit: ignore,
      };
    },
  };
}

function exchange(
  decimalsOf: (mint: string) => number,
  leg: { mint: string; tokenProgram: string; quantity: bigint },
  giver: { party: string; from: string },
  receiver: { party: string; to: string },
): ModelTransfer {
  if (giver.from === ORDER_ENGINE_PROGRAM_ID) {
    return { kind: "sol", from: giver.party, to: receiver.party, lamports: leg.quantity };
  }
  return {
    kind: "token",
    mint: leg.mint,
    tokenProgram: leg.tokenProgram,
    from: giver.from,
    to: receiver.to,
    authority: giver.party,
    quantity: leg.quantity,
    decimals: decimalsOf(leg.mint),
  };
}

function fail(code: number, message: string): ModelMeaning {
  return { kind: "error", code, logs: [`Program log: Error Message: ${message}.`] };
}

/** The maker's inventory lives on the chain alone, so a fill leaves nothing to book. */
function ignore(): void {}

import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { SYSTEM_PROGRAM } from "../../models/durable-nonce.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAMS } from "../../models/token-accounts.ts";
import { encodeTokenAmount } from "./token-amount.ts";

export interface DecodableInstruction {
  programId: string;
  accounts: string[];
  data: Uint8Array;
}

interface Parsed {
  type: string;
  info: Record<string, unknown>;
}

const TOKEN_ACCOUNT_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
const MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";

/** The `jsonParsed` form: decoded for the commonest instructions, raw for all others. */
export function encodeParsedInstruction(
  instruction: DecodableInstruction,
  stackHeight: number | null,
): Record<string, unknown> {
  const { programId, accounts } = instruction;
  const data = Buffer.from(instruction.data);
  if (programId === MEMO_PROGRAM) {
    return { program: "spl-memo", programId, parsed: data.toString("utf8"), stackHeight };
  }
  const decoded = decode(programId, accounts, data);
  if (decoded === undefined) {
    return { programId, accounts, data: encodeBase58(data), stackHeight };
  }
  return { ...decoded, programId, stackHeight };
}

function decode(
  programId: string,
  accounts: string[],
  data: Buffer,
): { program: string; parsed: Parsed } | undefined {
  if (programId === SYSTEM_PROGRAM) return name("system", decodeSystem(accounts, data));
  if (programId === TOKEN_ACCOUNT_PROGRAM) {
    return name("spl-associated-token-account", decodeTokenAccountCreation(accounts, data));
  }
  if (!TOKEN_PROGRAMS.includes(programId)) return undefined;
  const program = programId === TOKEN_2022_PROGRAM ? "spl-token-2022" : "spl-token";
  return name(program, decodeToken(accounts, data));
}

function name(program: string, parsed: Parsed | undefined) {
  return parsed === undefined ? undefined : { program, parsed };
}

function decodeSystem(accounts: string[], data: Buffer): Parsed | undefined {
  if (data.length < 4) return undefined;
  const [first, second, third] = accounts;
  switch (data.readUInt32LE(0)) {
    case 0:
      if (data.length < 52) return undefined;
      return {
        type: "createAccount",
        info: {
          source: first,
          newAccount: second,
          lamports: data.readBigUInt64LE(4),
          space: data.readBigUInt64LE(12),
          owner: encodeBase58(data.subarray(20, 52)),
        },
      };
    case 2:
      if (data.length < 12) return undefined;
      return {
        type: "transfer",
        info: { source: first, destination: second, lamports: data.readBigUInt64LE(4) },
      };
    case 4:
      return {
        type: "advanceNonce",
        info: { nonceAccount: first, recentBlockhashesSysvar: second, nonceAuthority: third },
      };
    default:
      return undefined;
  }
}

function decodeTokenAccountCreation(accounts: string[], data: Buffer): Parsed | undefined {
  const [source, account, wallet, mint, systemProgram, tokenProgram] = accounts;
  if (data.length > 0 && (data[0] as number) > 1) return undefined;
  return {
    type: data[0] === 1 ? "createIdempotent" : "create",
    info: { source, account, wallet, mint, systemProgram, tokenProgram },
  };
}

function decodeToken(accounts: string[], data: Buffer): Parsed | undefined {
  const [first, second, third, fourth] = accounts;
  switch (data[0]) {
    case 3:
      if (data.length < 9) return undefined;
      return {
        type: "transfer",
        info: {
          source: first,
          destination: second,
          authority: third,
          amount: data.readBigUInt64LE(1).toString(),
        },
      };
    case 9:
      return { type: "closeAccount", info: { account: first, destination: second, owner: third } };
    case 12:
      if (data.length < 10) return undefined;
      return {
        type: "transferChecked",
        info: {
          source: first,
          mint: second,
          destination: third,
          authority: fourth,
          tokenAmount: encodeTokenAmount(data.readBigUInt64LE(1), data[9] as number),
        },
      };
    case 17:
      return { type: "syncNative", info: { account: first } };
    default:
      return undefined;
  }
}

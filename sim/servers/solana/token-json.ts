import { AccountLayout, AccountState, MintLayout } from "@solana/spl-token";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "../../models/account-history.ts";
import {
  parseMintDecimals,
  parseTokenHolding,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAMS,
} from "../../models/token-accounts.ts";
import { encodeTokenAmount } from "./token-amount.ts";

const EXTENSIONS_AT = 166;
const MINT_BYTES = 82;
const STATES = ["uninitialized", "initialized", "frozen"];

/** The `jsonParsed` form of a token account or mint; nothing for any other account. */
export function encodeTokenJson(
  account: ChainAccount,
  accountOf: (pubkey: string) => ChainAccount | undefined,
): unknown {
  if (!TOKEN_PROGRAMS.includes(account.owner)) return undefined;
  const holding = parseTokenHolding(account);
  const isMint = holding === undefined && account.data.length >= MINT_BYTES;
  if (holding === undefined && !isMint) return undefined;
  const decimals = holding && parseMintDecimals(accountOf(holding.mint));
  const parsed =
    decimals === undefined
      ? { type: "mint", info: encodeMintInfo(account.data) }
      : { type: "account", info: encodeAccountInfo(account.data, decimals) };
  const program = account.owner === TOKEN_2022_PROGRAM ? "spl-token-2022" : "spl-token";
  return { program, parsed, space: account.data.length };
}

function encodeAccountInfo(data: Uint8Array, decimals: number): Record<string, unknown> {
  const raw = AccountLayout.decode(data);
  const isNative = raw.isNativeOption === 1;
  const hasDelegate = raw.delegateOption === 1;
  return {
    isNative,
    mint: raw.mint.toBase58(),
    owner: raw.owner.toBase58(),
    state: STATES[raw.state] ?? STATES[AccountState.Initialized],
    tokenAmount: encodeTokenAmount(raw.amount, decimals),
    ...(isNative ? { rentExemptReserve: encodeTokenAmount(raw.isNative, 9) } : {}),
    ...(hasDelegate
      ? {
          delegate: raw.delegate.toBase58(),
          delegatedAmount: encodeTokenAmount(raw.delegatedAmount, decimals),
        }
      : {}),
    ...(raw.closeAuthorityOption === 1 ? { closeAuthority: raw.closeAuthority.toBase58() } : {}),
    ...encodeExtensions(data),
  };
}

function encodeMintInfo(data: Uint8Array): Record<string, unknown> {
  const raw = MintLayout.decode(data);
  return {
    decimals: raw.decimals,
    freezeAuthority: raw.freezeAuthorityOption === 1 ? raw.freezeAuthority.toBase58() : null,
    isInitialized: raw.isInitialized,
    mintAuthority: raw.mintAuthorityOption === 1 ? raw.mintAuthority.toBase58() : null,
    supply: raw.supply.toString(),
    ...encodeExtensions(data),
  };
}

function encodeExtensions(data: Uint8Array): { extensions?: unknown[] } {
  const view = Buffer.from(data);
  const extensions: unknown[] = [];
  for (let at = EXTENSIONS_AT; at + 4 <= view.length;) {
    const type = view.readUInt16LE(at);
    const length = view.readUInt16LE(at + 2);
    if (type === 0) break;
    extensions.push(encodeExtension(type, view.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return extensions.length === 0 ? {} : { extensions };
}

function encodeExtension(type: number, value: Buffer): unknown {
  if (type === 1) {
    return {
      extension: "transferFeeConfig",
      state: {
        transferFeeConfigAuthority: optionalKey(value.subarray(0, 32)),
        withdrawWithheldAuthority: optionalKey(value.subarray(32, 64)),
        withheldAmount: value.readBigUInt64LE(64),
        olderTransferFee: encodeTransferFee(value.subarray(72, 90)),
        newerTransferFee: encodeTransferFee(value.subarray(90, 108)),
      },
    };
  }
  if (type === 2) {
    return {
      extension: "transferFeeAmount",
      state: { withheldAmount: value.readBigUInt64LE(0) },
    };
  }
  if (type === 7) return { extension: "immutableOwner" };
  if (type === 12) {
    return { extension: "permanentDelegate", state: { delegate: optionalKey(value) } };
  }
  return { extension: "unparseableExtension" };
}

function encodeTransferFee(value: Buffer): Record<string, unknown> {
  return {
    epoch: value.readBigUInt64LE(0),
    maximumFee: value.readBigUInt64LE(8),
    transferFeeBasisPoints: value.readUInt16LE(16),
  };
}

function optionalKey(bytes: Buffer): string | null {
  return bytes.every((byte) => byte === 0) ? null : encodeBase58(bytes);
}

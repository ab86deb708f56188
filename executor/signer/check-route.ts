import type { AccountKey } from "./account-key.ts";
import { checkLegs } from "./check-legs.ts";
import { refused, type StepOrReason } from "./check-setup.ts";
import type { Account, Instruction } from "./message.ts";
import { JUPITER_EVENT_AUTHORITY, JUPITER_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import type { SwapTerms } from "./swap-terms.ts";

const BPS_ONE = 10_000n;

/** Where an instruction keeps its amounts and its named accounts; facts of the program's IDL. */
interface RouteLayout {
  name: string;
  /** in u64, quoted out u64, slippage u16, platform fee u16, positive slippage u16, route plan. */
  amountsAt: number;
  authority: number;
  source: number;
  destination: number;
  sourceMint: number;
  destinationMint: number;
  sourceTokenProgram: number;
  destinationTokenProgram: number;
  /** Receives the output in the place of `destination` unless it is the program's own id. */
  otherDestination: number | undefined;
  eventAuthority: number;
  program: number;
  /** First account that is handed on to venues; only with `maySign` may the wallet be there. */
  legs: number;
  maySign: boolean;
}

/**
 * Only the exact-in instructions that keep their amounts BEFORE the route plan. The older `route`
 * and `shared_accounts_route` keep them behind a plan of unknown length, and the program does not
 * mind bytes after its last argument: whoever reads such amounts from the end can be shown honest
 * ones there while the program obeys others further forward.
 */
const LAYOUTS: ReadonlyMap<string, RouteLayout> = new Map([
  [
    "bb64facc31c4af14",
    {
      name: "route_v2",
      amountsAt: 8,
      authority: 0,
      source: 1,
      destination: 2,
      sourceMint: 3,
      destinationMint: 4,
      sourceTokenProgram: 5,
      destinationTokenProgram: 6,
      otherDestination: 7,
      eventAuthority: 8,
      program: 9,
      legs: 10,
      maySign: true,
    },
  ],
  [
    "d19853937cfed8e9",
    {
      name: "shared_accounts_route_v2",
      amountsAt: 9,
      authority: 1,
      source: 2,
      destination: 5,
      sourceMint: 6,
      destinationMint: 7,
      sourceTokenProgram: 8,
      destinationTokenProgram: 9,
      otherDestination: undefined,
      eventAuthority: 10,
      program: 11,
      legs: 12,
      maySign: false,
    },
  ],
]);

/** Names for the reason only; each is refused. */
const REFUSED_NAMES: ReadonlyMap<string, string> = new Map([
  ["e517cb977ae3ad2a", "route, whose amounts stand behind the route plan"],
  ["c1209b3341d69c81", "shared_accounts_route, whose amounts stand behind the route plan"],
  ["d033ef977b2bed5c", "exact_out_route"],
  ["b0d169a89a7d453e", "shared_accounts_exact_out_route"],
  ["9d8ab85215f4f324", "exact_out_route_v2"],
  ["3560e5cad8bbfa18", "shared_accounts_exact_out_route_v2"],
  ["96564774a75d0e68", "route_with_token_ledger"],
  ["e6798f50779f6aaa", "shared_accounts_route_with_token_ledger"],
  ["e445a52e51cb9a1d", "the program's own event call"],
]);

/** The one swap: right program, amounts inside the terms, and the wallet's own accounts. */
export function checkRoute(instruction: Instruction, terms: SwapTerms): StepOrReason {
  const selector = instruction.data.subarray(0, 8).toString("hex");
  const layout = LAYOUTS.get(selector);
  if (layout === undefined) {
    return refused(`the swap program is asked for ${REFUSED_NAMES.get(selector) ?? selector}`);
  }
  const reason =
    checkAmounts(instruction.data, layout, terms) ??
    checkNamedAccounts(instruction.accounts, layout, terms);
  if (reason !== undefined) return refused(`${layout.name}: ${reason}`);
  const legs = checkLegs(instruction.accounts, layout, terms);
  if (typeof legs === "string") return refused(`${layout.name}: ${legs}`);
  return { kind: "swap", handsOn: legs.handsOn, isNative: false };
}

/** The program's minimum out is quoted * (10000 - slippage) / 10000. */
function checkAmounts(data: Buffer, layout: RouteLayout, terms: SwapTerms): string | undefined {
  const at = layout.amountsAt;
  // Behind the amounts the count of the route plan's steps still has to follow.
  if (data.length < at + 22 + 4) return "the instruction is too short";
  const quantityIn = data.readBigUInt64LE(at);
  const quotedOut = data.readBigUInt64LE(at + 8);
  const slippageBps = data.readUInt16LE(at + 16);
  if (quantityIn !== terms.quantityIn) {
    return `expected an input of ${terms.quantityIn}, was ${quantityIn}`;
  }
  if (slippageBps > terms.slippageBpsMax) {
    return `expected at most ${terms.slippageBpsMax} bps of slippage, was ${slippageBps}`;
  }
  const outMin = (quotedOut * (BPS_ONE - BigInt(slippageBps))) / BPS_ONE;
  if (outMin < terms.quantityOutMin) {
    return `expected at least ${terms.quantityOutMin} out, was ${outMin}`;
  }
  if (data.readUInt16LE(at + 18) !== 0) return "a platform fee is taken";
  if (data.readUInt16LE(at + 20) !== 0) return "a share of positive slippage is taken";
  return undefined;
}

function checkNamedAccounts(
  accounts: readonly Account[],
  layout: RouteLayout,
  terms: SwapTerms,
): string | undefined {
  const isBuy = terms.side === "buy";
  const wsol = { account: terms.wsolAccount, mint: WSOL_MINT, program: TOKEN_PROGRAM };
  const token = { account: terms.mintAccount, mint: terms.mint, program: terms.tokenProgram };
  const [from, to] = isBuy ? [wsol, token] : [token, wsol];
  const expected: [string, number, AccountKey][] = [
    ["authority", layout.authority, terms.wallet],
    ["source", layout.source, from.account],
    ["destination", layout.destination, to.account],
    ["source mint", layout.sourceMint, from.mint],
    ["destination mint", layout.destinationMint, to.mint],
    ["source token program", layout.sourceTokenProgram, from.program],
    ["destination token program", layout.destinationTokenProgram, to.program],
    ["program", layout.program, JUPITER_PROGRAM],
  ];
  for (const [name, index, key] of expected) {
    const account = accounts[index];
    if (account?.key !== key) return `the ${name} account is not the intended one`;
    if (!account.isStatic) return `the ${name} account comes from a lookup table`;
  }
  if (accounts[layout.eventAuthority]?.key !== JUPITER_EVENT_AUTHORITY) {
    return "the event authority is not the program's own";
  }
  if (layout.otherDestination === undefined) return undefined;
  // Both allowed keys were found static above, and no key is named twice.
  const other = accounts[layout.otherDestination]?.key;
  if (other !== JUPITER_PROGRAM && other !== to.account) {
    return "the output goes to another account";
  }
  return undefined;
}

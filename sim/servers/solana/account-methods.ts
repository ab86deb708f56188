import type { ChainAccount } from "../../models/account-history.ts";
import { pubkeyBytes } from "../../models/plain-message.ts";
import type { Block } from "../../models/slots.ts";
import {
  parseMintDecimals,
  parseTokenHolding,
  TOKEN_PROGRAMS,
} from "../../models/token-accounts.ts";
import { encodeAccount } from "./account-json.ts";
import {
  configAt,
  contextBlock,
  listAt,
  parsePubkey,
  pubkeyAt,
  type RpcCall,
  type RpcMethod,
  withContext,
} from "./rpc-call.ts";
import { invalidParams } from "./rpc-error.ts";
import { encodeTokenAmount } from "./token-amount.ts";

const MULTIPLE_ACCOUNTS_MAX = 100;
const LARGEST_ACCOUNTS_MAX = 20;
const MINT_AT = 0;
const OWNER_AT = 32;

export const ACCOUNT_METHODS: Readonly<Record<string, RpcMethod>> = {
  getBalance(call) {
    const block = contextBlock(call, configAt(call, 1));
    return withContext(block, readAt(call, block)(pubkeyAt(call, 0))?.lamports ?? 0n);
  },
  getAccountInfo(call) {
    const config = configAt(call, 1);
    const block = contextBlock(call, config);
    const read = readAt(call, block);
    return withContext(block, encodeAccount(read(pubkeyAt(call, 0)), config, read));
  },
  getMultipleAccounts(call) {
    const config = configAt(call, 1);
    const pubkeys = listAt(call, 0, MULTIPLE_ACCOUNTS_MAX).map(parsePubkey);
    const block = contextBlock(call, config);
    const read = readAt(call, block);
    return withContext(
      block,
      pubkeys.map((pubkey) => encodeAccount(read(pubkey), config, read)),
    );
  },
  getTokenAccountsByOwner(call) {
    const owner = pubkeyAt(call, 0);
    const config = configAt(call, 2);
    const block = contextBlock(call, config);
    const read = readAt(call, block);
    const { mint, programs } = parseTokenFilter(call, read);
    const found = programs
      .flatMap((program) => call.chain.accounts.ownedBy(program, block.slot))
      .filter(holdsKey(OWNER_AT, owner))
      .filter(mint === undefined ? () => true : holdsKey(MINT_AT, mint))
      .filter(([, account]) => parseTokenHolding(account) !== undefined);
    return withContext(
      block,
      found.map(([pubkey, account]) => ({ pubkey, account: encodeAccount(account, config, read) })),
    );
  },
  getTokenLargestAccounts(call) {
    const mint = pubkeyAt(call, 0);
    const block = contextBlock(call, configAt(call, 1));
    const mintAccount = readAt(call, block)(mint);
    const decimals = parseMintDecimals(mintAccount);
    if (mintAccount === undefined || decimals === undefined) {
      throw invalidParams("Invalid param: not a Token mint");
    }
    const holdings = call.chain.accounts
      .ownedBy(mintAccount.owner, block.slot)
      .filter(holdsKey(MINT_AT, mint))
      .map(([address, account]) => ({ address, holding: parseTokenHolding(account) }))
      .flatMap(({ address, holding }) =>
        holding?.mint === mint ? [{ address, quantity: holding.quantity }] : [],
      )
      .toSorted((a, b) => (a.quantity < b.quantity ? 1 : a.quantity > b.quantity ? -1 : 0))
      .slice(0, LARGEST_ACCOUNTS_MAX);
    return withContext(
      block,
      holdings.map(({ address, quantity }) => ({
        address,
        ...encodeTokenAmount(quantity, decimals),
      })),
    );
  },
  getTokenAccountBalance(call) {
    const block = contextBlock(call, configAt(call, 1));
    const read = readAt(call, block);
    const account = read(pubkeyAt(call, 0));
    if (account === undefined) throw invalidParams("Invalid param: could not find account");
    const holding = parseTokenHolding(account);
    if (holding === undefined) throw invalidParams("Invalid param: not a Token account");
    const decimals = parseMintDecimals(read(holding.mint)) ?? 0;
    return withContext(block, encodeTokenAmount(holding.quantity, decimals));
  },
  getTokenSupply(call) {
    const block = contextBlock(call, configAt(call, 1));
    const account = readAt(call, block)(pubkeyAt(call, 0));
    if (account === undefined) throw invalidParams("Invalid param: could not find account");
    const decimals = parseMintDecimals(account);
    if (decimals === undefined || parseTokenHolding(account) !== undefined) {
      throw invalidParams("Invalid param: not a Token mint");
    }
    const supply = Buffer.from(account.data).readBigUInt64LE(36);
    return withContext(block, encodeTokenAmount(supply, decimals));
  },
};

export function readAt(
  { chain }: Pick<RpcCall, "chain">,
  block: Block,
): (pubkey: string) => ChainAccount | undefined {
  return (pubkey) => chain.accounts.at(pubkey, block.slot);
}

/** Looks before decoding: a market has hundreds of token accounts and a call wants a few. */
function holdsKey(at: number, pubkey: string): (entry: [string, ChainAccount]) => boolean {
  const key = pubkeyBytes(pubkey);
  return ([, { data }]) => Buffer.compare(data.subarray(at, at + 32), key) === 0;
}

function parseTokenFilter(
  call: RpcCall,
  read: (pubkey: string) => ChainAccount | undefined,
): { mint: string | undefined; programs: readonly string[] } {
  const filter = configAt(call, 1);
  if (filter["mint"] !== undefined) {
    const mint = parsePubkey(filter["mint"]);
    const account = read(mint);
    if (account === undefined) throw invalidParams("Invalid param: could not find mint");
    if (!TOKEN_PROGRAMS.includes(account.owner)) {
      throw invalidParams("Invalid param: not a Token mint");
    }
    return { mint, programs: [account.owner] };
  }
  const program = parsePubkey(filter["programId"]);
  if (!TOKEN_PROGRAMS.includes(program)) {
    throw invalidParams("Invalid param: unrecognized Token program id");
  }
  return { mint: undefined, programs: [program] };
}

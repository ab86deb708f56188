import {
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createSyncNativeInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import {
  ComputeBudgetProgram,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";
import {
  encodeRoute,
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM_ID,
  JUPITER_SHARED_AUTHORITY,
  POOL_PROGRAM_ID,
  type RouteArguments,
  type RouteName,
} from "../../models/jupiter-layout.ts";
import type { LookupTable, OnChainPool } from "../../models/market-on-chain.ts";
import { type MarketQuote, type MarketToken, U64_MAX } from "../../models/market.ts";
import { BPS_ONE, transferFeeOf } from "../../models/pool-math.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import type { Desk } from "./desk.ts";
import { BadRequest, type SwapParameters } from "./parameters.ts";

/** One answer before it is written down: what malice may still change. */
export interface SwapAnswer {
  parameters: SwapParameters;
  taker: PublicKey;
  quote: MarketQuote;
  /** After every fee, and what the answer's text says. */
  shownOut: bigint;
  routeName: RouteName;
  /** Whether the pool receives the taker's signature; only in a direct route. */
  handsOn: boolean;
  /** What a thief adds to the pool's accounts. */
  hostileLeg: TransactionInstruction["keys"];
  /** What the instruction's data says. */
  route: RouteArguments;
  source: PublicKey;
  destination: PublicKey;
  programId: PublicKey;
  feeAccount?: PublicKey;
  computeBudget: TransactionInstruction[];
  setup: TransactionInstruction[];
  cleanup: TransactionInstruction | null;
  other: TransactionInstruction[];
  tip: TransactionInstruction | null;
  tables: LookupTable[];
  blockhash: string;
  lastValidBlockHeight: number;
}

const TIP_RECEIVER = new PublicKey("GGztQqQ6pCPaJQnNpXBgELr5cs3WwDakRbh1iEMzjgSJ");
/**
 * All variants are seen in the wild; a client must accept each. In most direct routes the pool's
 * program moves the input itself and needs the taker among its accounts for that.
 */
const SHARED_ROUTE_SHARE = 0.3;
const PLAIN_ROUTE_SHARE = 0.15;

export function tokenProgramOf(token: MarketToken): PublicKey {
  return token.spec.tokenProgram === "token" ? TOKEN_PROGRAM_ID : TOKEN_2022_PROGRAM_ID;
}

export function associatedAccount(owner: PublicKey, mint: string, token: MarketToken): PublicKey {
  const program = mint === NATIVE_MINT ? TOKEN_PROGRAM_ID : tokenProgramOf(token);
  return getAssociatedTokenAddressSync(new PublicKey(mint), owner, true, program);
}

/** @throws BadRequest when the pair is not listed or the pool would pay nothing. */
export function quoteOrRefuse(desk: Desk, parameters: SwapParameters): MarketQuote {
  const { inputMint, outputMint, quantityIn } = parameters;
  for (const mint of [inputMint, outputMint]) {
    if (mint !== NATIVE_MINT && desk.market.find(mint) === undefined) {
      throw new BadRequest(`The token ${mint} is not tradable`);
    }
  }
  const quote = desk.market.quote(inputMint, outputMint, quantityIn);
  if (quote === undefined) throw new BadRequest("Could not find any route");
  return quote;
}

/** What arrives after the platform's fee, which the program takes from what leaves the vault. */
export function outAfterFee(quote: MarketQuote, platformFeeBps: number): bigint {
  const fee = (quote.vaultOut * BigInt(platformFeeBps)) / BPS_ONE;
  const withheldBps = quote.side === "buy" ? quote.token.spec.transferFeeBps : 0;
  const paid = quote.vaultOut - fee;
  return paid - transferFeeOf(paid, withheldBps, U64_MAX);
}

export function createSwapAnswer(
  desk: Desk,
  parameters: SwapParameters,
  takerText: string,
): SwapAnswer {
  const quote = quoteOrRefuse(desk, parameters);
  const taker = new PublicKey(takerText);
  const shownOut = outAfterFee(quote, parameters.platformFeeBps);
  const source = associatedAccount(taker, parameters.inputMint, quote.token);
  const destination =
    parameters.destinationTokenAccount === undefined
      ? associatedAccount(taker, parameters.outputMint, quote.token)
      : new PublicKey(parameters.destinationTokenAccount);
  const { blockhash, lastValidBlockHeight } = desk.chain.latestBlockhash();
  const draw = desk.prng.nextFloat();
  const missingSlots = 150 - parameters.slotsToExpiry;
  return {
    parameters,
    taker,
    quote,
    shownOut,
    routeName: draw < SHARED_ROUTE_SHARE ? "shared_accounts_route_v2" : "route_v2",
    handsOn: draw >= SHARED_ROUTE_SHARE + PLAIN_ROUTE_SHARE,
    hostileLeg: [],
    route: {
      quantityIn: quote.quantityIn,
      quotedOut: shownOut,
      slippageBps: parameters.slippageBps,
      platformFeeBps: parameters.platformFeeBps,
      positiveSlippageBps: 0,
    },
    source,
    destination,
    programId: new PublicKey(JUPITER_PROGRAM_ID),
    ...(parameters.feeAccount === undefined
      ? {}
      : { feeAccount: new PublicKey(parameters.feeAccount) }),
    computeBudget: [
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: parameters.computeUnitPrice }),
    ],
    setup: createSetup({ parameters, taker, quote, destination }),
    cleanup: createCleanup({ parameters, taker, quote }),
    other: [],
    tip: createTip(parameters, taker),
    tables: [desk.onChain.lookupTable],
    blockhash,
    lastValidBlockHeight: lastValidBlockHeight - missingSlots,
  };
}

/** The swap with the accounts in the order that the program's interface fixes. */
export function createSwapInstruction(desk: Desk, answer: SwapAnswer): TransactionInstruction {
  const pool = desk.onChain.pools.get(answer.quote.token.mint);
  if (pool === undefined) throw new Error("expected a pool for every quoted token");
  const program = tokenProgramOf(answer.quote.token);
  const isBuy = answer.quote.side === "buy";
  const mints = [answer.parameters.inputMint, answer.parameters.outputMint].map(key);
  const programs = (isBuy ? [TOKEN_PROGRAM_ID, program] : [program, TOKEN_PROGRAM_ID]).map(read);
  const authority = { pubkey: answer.taker, isSigner: true, isWritable: false };
  const source = write(answer.source);
  const destination = write(answer.destination);
  const tail = [read(key(JUPITER_EVENT_AUTHORITY)), read(answer.programId)];
  const head =
    answer.routeName === "route_v2"
      ? [authority, source, destination, ...mints.map(read), ...programs]
      : [
          read(key(JUPITER_SHARED_AUTHORITY)),
          authority,
          source,
          ...mints.map((mint) => write(sharedAccount(mint, answer.quote.token))),
          destination,
          ...mints.map(read),
          ...programs,
        ];
  const optional = answer.routeName === "route_v2" ? [read(answer.programId)] : [];
  const fee = answer.feeAccount === undefined ? [] : [write(answer.feeAccount)];
  return new TransactionInstruction({
    programId: answer.programId,
    keys: [
      ...head,
      ...optional,
      ...tail,
      ...fee,
      ...poolAccounts(desk, pool),
      ...(answer.handsOn ? [authority] : []),
      ...answer.hostileLeg,
    ],
    data: encodeRoute(answer.routeName, answer.route),
  });
}

function poolAccounts(desk: Desk, pool: OnChainPool): TransactionInstruction["keys"] {
  const { token } = pool;
  const book = token.venue === undefined ? undefined : desk.onChain.venues.bookOf(token);
  return [
    read(key(book?.program ?? POOL_PROGRAM_ID)),
    write(key(token.pool)),
    read(key(book?.accountsOf(token).authority ?? token.poolAuthority)),
    write(key(pool.solVault)),
    write(key(pool.tokenVault)),
  ];
}

function createSetup(swap: {
  parameters: SwapParameters;
  taker: PublicKey;
  quote: MarketQuote;
  destination: PublicKey;
}): TransactionInstruction[] {
  const { parameters, taker, quote } = swap;
  const payer = parameters.payer === undefined ? taker : new PublicKey(parameters.payer);
  const wrapped = getAssociatedTokenAddressSync(key(NATIVE_MINT), taker, true);
  const create = createAssociatedTokenAccountIdempotentInstruction;
  const createWrapped = create(payer, wrapped, taker, key(NATIVE_MINT));
  if (quote.side === "sell") return parameters.wrapAndUnwrapSol ? [createWrapped] : [];
  const program = tokenProgramOf(quote.token);
  const createDestination =
    parameters.destinationTokenAccount === undefined
      ? [create(payer, swap.destination, taker, key(quote.token.mint), program)]
      : [];
  if (!parameters.wrapAndUnwrapSol) return createDestination;
  return [
    createWrapped,
    SystemProgram.transfer({ fromPubkey: taker, toPubkey: wrapped, lamports: quote.quantityIn }),
    createSyncNativeInstruction(wrapped),
    ...createDestination,
  ];
}

function createCleanup(swap: {
  parameters: SwapParameters;
  taker: PublicKey;
  quote: MarketQuote;
}): TransactionInstruction | null {
  const { parameters, taker } = swap;
  if (!parameters.wrapAndUnwrapSol) return null;
  const wrapped = getAssociatedTokenAddressSync(key(NATIVE_MINT), taker, true);
  const native = parameters.nativeDestinationAccount;
  const receiver = swap.quote.side === "sell" && native !== undefined ? key(native) : taker;
  return createCloseAccountInstruction(wrapped, receiver, taker);
}

function createTip(parameters: SwapParameters, taker: PublicKey): TransactionInstruction | null {
  if (parameters.tipLamports === undefined) return null;
  return SystemProgram.transfer({
    fromPubkey: parameters.payer === undefined ? taker : new PublicKey(parameters.payer),
    toPubkey: TIP_RECEIVER,
    lamports: parameters.tipLamports,
  });
}

function sharedAccount(mint: PublicKey, token: MarketToken): PublicKey {
  return associatedAccount(key(JUPITER_SHARED_AUTHORITY), mint.toBase58(), token);
}

function key(text: string): PublicKey {
  return new PublicKey(text);
}

function read(pubkey: PublicKey): TransactionInstruction["keys"][number] {
  return { pubkey, isSigner: false, isWritable: false };
}

function write(pubkey: PublicKey): TransactionInstruction["keys"][number] {
  return { pubkey, isSigner: false, isWritable: true };
}

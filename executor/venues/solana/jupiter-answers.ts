import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import { z } from "zod";

/** What we read of Jupiter's answers (its OpenAPI files); other fields are left out. */
const pubkey = z.string().refine((text: string): boolean => isPubkey(text), "expected an address");
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const amount = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt)
  .refine((value) => value <= U64_MAX, "expected at most 64 bits");

/** A transaction of 1232 bytes cannot name more. */
const ACCOUNTS_MAX = 128;
const LOOKUP_TABLES_MAX = 16;

const instruction = z.object({
  programId: pubkey,
  accounts: z
    .array(z.object({ pubkey, isSigner: z.boolean(), isWritable: z.boolean() }))
    .max(ACCOUNTS_MAX),
  data: z.base64().max(4_096),
});
export type JupiterInstruction = z.infer<typeof instruction>;

/** Only a place to look at: what it is not must not cost the answer that it stands in. */
const poolHint = z.string().max(64).nullish().catch(null);
const instructions = z.array(instruction).max(32);

export const buildAnswer = z.object({
  inputMint: pubkey,
  outputMint: pubkey,
  inAmount: amount,
  outAmount: amount,
  otherAmountThreshold: amount,
  swapMode: z.literal("ExactIn"),
  slippageBps: z.number().int().min(0).max(10_000),
  /** A ratio as text: "0.001" is 0.1 %. */
  priceImpactPct: z.string().max(64).nullish(),
  routePlan: z
    .array(
      z.object({
        swapInfo: z.object({ label: z.string().max(64), ammKey: poolHint }),
      }),
    )
    .min(1)
    .max(32),
  computeBudgetInstructions: instructions,
  setupInstructions: instructions,
  swapInstruction: instruction,
  cleanupInstruction: instruction.nullish(),
  otherInstructions: instructions.nullish(),
  tipInstruction: instruction.nullish(),
  addressesByLookupTableAddress: z
    .record(pubkey, z.array(pubkey).max(256))
    .refine((tables) => Object.keys(tables).length <= LOOKUP_TABLES_MAX, "too many lookup tables")
    .nullish(),
});
export type BuildAnswer = z.infer<typeof buildAnswer>;

export const orderAnswer = z.object({
  router: z.string().max(32).nullish(),
  transaction: z.string().max(4_096).nullish(),
  errorMessage: z.string().max(1_000).nullish(),
});
export type OrderAnswer = z.infer<typeof orderAnswer>;

const figure = z.number().nullish();

export const tokenAnswer = z.object({
  id: pubkey,
  name: z.string().max(512),
  symbol: z.string().max(256),
  decimals: z.number().int().min(0).max(255),
  tokenProgram: z.string().max(64).nullish(),
  createdAt: z.string().max(64).nullish(),
  holderCount: figure,
  usdPrice: figure,
  mcap: figure,
  liquidity: figure,
  firstPool: z.object({ createdAt: z.string().max(64).nullish() }).nullish(),
  audit: z
    .looseObject({
      topHoldersPercentage: figure,
      devBalancePercentage: figure,
    })
    .nullish(),
  isVerified: z.boolean().nullish(),
  graduatedPool: poolHint,
});
export type TokenAnswer = z.infer<typeof tokenAnswer>;

export const searchAnswer = z.array(tokenAnswer).max(200);

/** Entries are read one by one: what is said of one mint must not hide the others. */
export const pricesAnswer = z.record(z.string(), z.unknown());
/** A mint without a price is left out; some gateways write null instead. */
export const priceEntry = z.object({ usdPrice: z.number().nonnegative() });

export const errorAnswer = z.object({ error: z.string() });

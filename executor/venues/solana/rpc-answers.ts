import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import { z } from "zod";

/** The parts of RPC answers that we read; nodes may add fields, so objects are open. */
const slot = z.number().int().nonnegative();
/** Lamports arrive as JSON numbers; all lamports of the chain fit in 2^53 only up to 9e15. */
const lamports = z.number().int().nonnegative().transform(BigInt);
const amount = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
const pubkey = z.string().refine((text: string): boolean => isPubkey(text), "expected an address");
const context = z.object({ slot });

export const blockhashAnswer = z.object({
  context,
  value: z.object({
    blockhash: pubkey,
    lastValidBlockHeight: z.number().int().positive(),
  }),
});

export const heightAnswer = z.number().int().nonnegative();
export const slotAnswer = slot;

const account = z.object({
  lamports,
  owner: pubkey,
  data: z.tuple([z.base64(), z.literal("base64")]),
});
export type AccountAnswer = z.infer<typeof account>;

export const accountAnswer = z.object({ context, value: account.nullable() });
export const accountsAnswer = z.object({ context, value: z.array(account.nullable()).max(100) });
export const balanceAnswer = z.object({ context, value: lamports });

/** `getTokenAccountsByOwner` with base64 data. */
export const ownedAccountsAnswer = z.object({
  context,
  value: z.array(z.object({ pubkey, account })).max(20_000),
});

const transactionError = z.union([z.null(), z.string(), z.record(z.string(), z.unknown())]);

export const statusesAnswer = z.object({
  context,
  value: z
    .array(
      z
        .object({
          slot,
          confirmations: z.number().int().nullable(),
          err: transactionError,
          confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
        })
        .nullable(),
    )
    .length(1),
});
export type StatusAnswer = z.infer<typeof statusesAnswer>;

const tokenBalance = z.object({
  accountIndex: z.number().int().nonnegative(),
  mint: pubkey,
  owner: pubkey.optional(),
  uiTokenAmount: z.object({ amount }),
});
export type TokenBalance = z.infer<typeof tokenBalance>;

/** `getTransaction` with encoding "json"; null while the node does not have it. */
export const transactionAnswer = z
  .object({
    slot,
    blockTime: z.number().int().nullish(),
    transaction: z.object({
      signatures: z.array(z.string()).min(1),
      message: z.object({
        accountKeys: z.array(pubkey).min(1),
        recentBlockhash: pubkey.optional(),
      }),
    }),
    meta: z.object({
      err: transactionError,
      fee: lamports,
      preBalances: z.array(lamports),
      postBalances: z.array(lamports),
      preTokenBalances: z.array(tokenBalance).nullish(),
      postTokenBalances: z.array(tokenBalance).nullish(),
      loadedAddresses: z.object({ writable: z.array(pubkey), readonly: z.array(pubkey) }).nullish(),
    }),
  })
  .nullable();
export type TransactionAnswer = NonNullable<z.infer<typeof transactionAnswer>>;

export const simulationAnswer = z.object({
  context,
  value: z.object({
    err: transactionError,
    logs: z.array(z.string()).nullish(),
    unitsConsumed: z.number().int().nonnegative().nullish(),
    accounts: z.array(account.nullable()).nullish(),
  }),
});

/** The price is judged by whoever reads it: one strange entry must not spoil the others. */
export const recentFeesAnswer = z
  .array(z.object({ slot, prioritizationFee: z.unknown() }))
  .max(1_000);

export const signatureAnswer = z.string().min(64).max(90);

export const historyAnswer = z
  .array(
    z.object({
      signature: z.string(),
      slot,
      err: transactionError,
      blockTime: z.number().int().nullish(),
    }),
  )
  .max(1_000);

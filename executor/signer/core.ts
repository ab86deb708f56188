import { createHash, randomBytes as osRandomBytes } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type {
  CreatedWallet,
  KnownWallet,
  SignAnswer,
  SignRequest,
  WalletCheck,
} from "../ports/signer.ts";
import { checkNonceSetup } from "./check-nonce-setup.ts";
import { checkSwap } from "./check-swap.ts";
import { createSigningKey, publicKeyBytes, SEED_BYTES, signBytes } from "./ed25519.ts";
import { kidOf, wrapSecret, type RandomBytes } from "./envelope.ts";
import type { MasterKeys } from "./master-keys.ts";
import { OpenKeys } from "./open-keys.ts";
import { TurnWatch } from "./turn.ts";
import { wipe } from "./wipe.ts";

export { parseMasterKeys } from "./master-keys.ts";

export interface SignerCore {
  createWallet(walletId: string, userId: number): CreatedWallet;
  /** Says whether a key opens, and shows nothing of it. */
  checkWallet(wallet: KnownWallet): WalletCheck;
  /** Checks the bytes against the intent first; the key is opened only for bytes that pass. */
  sign(request: SignRequest): SignAnswer;
  /** To be called now and then: keys that nobody uses must not stay open for want of a request. */
  closeIdleKeys(): void;
}

export interface SignerCoreOptions {
  masterKeys: MasterKeys;
  /** Default: the operating system's. Only the simulator passes another. */
  randomBytes?: RandomBytes;
  /** Default: the machine's wall clock. */
  nowMs?(): number;
  /** Default: the machine's monotonic clock. */
  monotonicMs?(): number;
}

/** The signer's logic without its process; the simulator uses it directly. */
export function createSignerCore(options: SignerCoreOptions): SignerCore {
  const { masterKeys, randomBytes = osRandomBytes } = options;
  const turns = new TurnWatch(() => options.nowMs?.() ?? Date.now());
  const monotonicMs = (): number => options.monotonicMs?.() ?? performance.now();
  const keys = new OpenKeys(masterKeys, monotonicMs);
  return {
    createWallet: (walletId, userId) => createWallet(masterKeys, randomBytes, walletId, userId),
    checkWallet: (wallet) => ({
      opens: opens(keys, wallet),
      isCurrent: kidOf(wallet.wrapped) === masterKeys.currentKid,
    }),
    sign(request) {
      const over = turns.check(request.turn);
      if (over === undefined) return sign(keys, request);
      return { outcome: "refused", reasons: [over], isTurnOver: true };
    },
    closeIdleKeys: () => keys.closeIdle(monotonicMs()),
  };
}

function createWallet(
  masterKeys: MasterKeys,
  randomBytes: RandomBytes,
  walletId: string,
  userId: number,
): CreatedWallet {
  const seed = randomBytes(SEED_BYTES);
  try {
    const address = encodeBase58(publicKeyBytes(createSigningKey(seed)));
    const owner = { userId, walletId, purpose: "solana-ed25519-seed" } as const;
    const wrapped = wrapSecret(seed, owner, masterKeys, randomBytes);
    return { address, wrapped, vaultSha256: createHash("sha256").update(wrapped).digest("hex") };
  } finally {
    wipe(seed);
  }
}

function opens(keys: OpenKeys, wallet: KnownWallet): boolean {
  try {
    return keys.open(wallet).address === wallet.address;
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_SIGNER__REFUSED")) throw error;
    return false;
  }
}

function sign(keys: OpenKeys, request: SignRequest): SignAnswer {
  const message = Buffer.from(request.message, "base64");
  if (message.toString("base64") !== request.message) {
    return { outcome: "refused", reasons: ["the message is not base64"] };
  }
  const { intent } = request;
  const reasons =
    intent.kind === "solanaSwap" ? checkSwap(intent, message) : checkNonceSetup(intent, message);
  if (reasons.length > 0) return { outcome: "refused", reasons };
  try {
    const { key, address } = keys.open(request);
    // The journal could hold the wrong row: the key must be the one of the wallet that pays.
    if (address !== intent.wallet) {
      return { outcome: "refused", reasons: ["the opened key belongs to another wallet"] };
    }
    return { outcome: "signed", signature: encodeBase58(signBytes(key, message)) };
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_SIGNER__REFUSED")) throw error;
    return { outcome: "refused", reasons: [String(error.context["problem"])] };
  }
}

import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import {
  NONCES_PER_MESSAGE_MAX,
  type CreateNoncesIntent,
  type ReclaimNonceIntent,
  type VoidNonceIntent,
} from "../ports/signer.ts";
import { accountKeyBytes, type AccountKey } from "./account-key.ts";
import { checkFee, checkPayer } from "./check-payment.ts";
import { checkComputeBudget, type Step } from "./check-setup.ts";
import { parseKey, parseU64, unusable } from "./intent-fields.ts";
import {
  areExactly,
  decodeMessage,
  resolveInstructions,
  type Instruction,
  type Message,
} from "./message.ts";
import { nonceAccountOf, nonceSeedOf, parseNonceIndex } from "./nonce-account.ts";
import {
  COMPUTE_BUDGET_PROGRAM,
  RECENT_BLOCKHASHES_SYSVAR,
  RENT_SYSVAR,
  SYSTEM_PROGRAM,
} from "./programs.ts";

const NONCE_BYTES = 80n;
/** What the chain asks for 80 bytes; more would lie there without a use. */
const NONCE_RENT_LAMPORTS = 1_447_680n;
/** None of this is worth more: above it, a fee is a mistake whatever the intent allows. */
const SETUP_FEE_LAMPORTS_MAX = 5_000_000n;
const TRANSFER = 2;
const CREATE_WITH_SEED = 3;
const ADVANCE_NONCE = 4;
const WITHDRAW_NONCE = 5;
const INITIALIZE_NONCE = 6;
const ALLOCATE_WITH_SEED = 9;

/** An instruction as it must stand in the message, byte for byte. */
interface Expected {
  name: string;
  accounts: AccountKey[];
  data: Buffer;
}

interface SetupTerms {
  wallet: AccountKey;
  feeLamportsMax: bigint;
  /** In this order, beside the compute budget, and nothing else. */
  expected: Expected[];
  /** Set where the message must live by the very nonce value that it uses up. */
  value: AccountKey | undefined;
}

/** What is signed about nonce accounts apart from swaps that stand on one. */
export type NonceIntent = CreateNoncesIntent | ReclaimNonceIntent | VoidNonceIntent;

/**
 * Why these bytes must not be signed for setting up, closing or using up nonce accounts; empty when
 * they are what we would have built: everything but the network fee is compared with our own bytes.
 */
export function checkNonceSetup(intent: NonceIntent, bytes: Uint8Array): string[] {
  try {
    const terms = parseTerms(intent);
    const message = decodeMessage(bytes);
    const payer = checkPayer(message, terms.wallet);
    if (payer !== undefined) return [payer];
    if (message.lookups.length > 0) return ["a message about nonces uses a lookup table"];
    const instructions = resolveInstructions(message, []);
    const unlimited = checkLifetime(instructions, message, terms);
    return unlimited === undefined ? checkInstructions(instructions, message, terms) : [unlimited];
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_WIRE__INVALID")) throw error;
    return [String(error.context["problem"])];
  }
}

function parseTerms(intent: NonceIntent): SetupTerms {
  if (intent.kind === "solanaCreateNonces") return parseCreation(intent);
  return intent.kind === "solanaVoidNonce" ? parseVoid(intent) : parseReclaim(intent);
}

/**
 * A void that lived by a blockhash would use up whatever value stands by then, also one that an
 * exit needs. Only with the advance in the first place the runtime takes the value for a lifetime.
 */
function checkLifetime(
  [first]: readonly Instruction[],
  message: Message,
  { expected, value }: SetupTerms,
): string | undefined {
  if (value === undefined) return undefined;
  const [advance] = expected;
  if (first === undefined || advance === undefined || !isExpected(first, advance)) {
    return "the message does not begin with the intended nonce's advance";
  }
  if (message.lifetime !== value) return "the message does not stand on the nonce's value";
  return undefined;
}

function checkInstructions(
  instructions: readonly Instruction[],
  message: Message,
  terms: SetupTerms,
): string[] {
  const steps: Step[] = [];
  const waiting = [...terms.expected];
  for (const [at, instruction] of instructions.entries()) {
    if (instruction.programId === COMPUTE_BUDGET_PROGRAM) {
      const step = checkComputeBudget(instruction);
      if (step.kind === "refused") return [`instruction ${at}: ${step.reason}`];
      if (steps.some(({ kind }) => kind === step.kind)) {
        return [`instruction ${at}: a second ${step.kind}`];
      }
      steps.push(step);
      continue;
    }
    const next = waiting.shift();
    if (next === undefined) return [`instruction ${at}: nothing more was meant`];
    if (!isExpected(instruction, next)) return [`instruction ${at}: expected to ${next.name}`];
  }
  const [missing] = waiting;
  if (missing !== undefined) return [`the message does not ${missing.name}`];
  return checkFee(steps, message, terms.feeLamportsMax);
}

function isExpected({ programId, accounts, data }: Instruction, expected: Expected): boolean {
  return (
    programId === SYSTEM_PROGRAM &&
    data.equals(expected.data) &&
    areExactly(accounts, expected.accounts)
  );
}

function parseCreation(intent: CreateNoncesIntent): SetupTerms {
  const wallet = parseKey("wallet", intent.wallet);
  const accounts = intent.accounts.map(({ index, heldLamports }) => ({
    index: parseNonceIndex(index),
    held: parseU64("heldLamports", heldLamports, 0n),
  }));
  const isUsable = accounts.length > 0 && accounts.length <= NONCES_PER_MESSAGE_MAX;
  if (!isUsable || new Set(accounts.map(({ index }) => index)).size !== accounts.length) {
    throw unusable(`one to ${NONCES_PER_MESSAGE_MAX} different nonce accounts`);
  }
  const feeLamportsMax = parseFee(intent.feeLamportsMax);
  const expected = accounts.flatMap(({ index, held }) => [
    ...(held === 0n ? [createAccount(wallet, index)] : fillAccount(wallet, index, held)),
    initialize(wallet, index),
  ]);
  return { wallet, feeLamportsMax, expected, value: undefined };
}

/** The wallet pays the rent and is the base of the address. */
function createAccount(wallet: AccountKey, index: number): Expected {
  return {
    name: `create the wallet's nonce account ${index}`,
    accounts: [wallet, nonceAccountOf(wallet, index)],
    data: Buffer.concat([
      encodeU32(CREATE_WITH_SEED),
      encodeBase(wallet, index),
      encodeU64(NONCE_RENT_LAMPORTS),
      encodeU64(NONCE_BYTES),
      accountKeyBytes(SYSTEM_PROGRAM),
    ]),
  };
}

/** What is missing of the rent, and the bytes: for an address that already holds lamports. */
function fillAccount(wallet: AccountKey, index: number, held: bigint): Expected[] {
  const account = nonceAccountOf(wallet, index);
  const allocation = {
    name: `allocate the wallet's nonce account ${index}`,
    accounts: [account, wallet],
    data: Buffer.concat([
      encodeU32(ALLOCATE_WITH_SEED),
      encodeBase(wallet, index),
      encodeU64(NONCE_BYTES),
      accountKeyBytes(SYSTEM_PROGRAM),
    ]),
  };
  if (held >= NONCE_RENT_LAMPORTS) return [allocation];
  const data = Buffer.concat([encodeU32(TRANSFER), encodeU64(NONCE_RENT_LAMPORTS - held)]);
  const name = `fill up the rent of nonce account ${index}`;
  return [{ name, accounts: [wallet, account], data }, allocation];
}

/** From here on the wallet alone may use it. */
function initialize(wallet: AccountKey, index: number): Expected {
  return {
    name: `give nonce account ${index} to the wallet alone`,
    accounts: [nonceAccountOf(wallet, index), RECENT_BLOCKHASHES_SYSVAR, RENT_SYSVAR],
    data: Buffer.concat([encodeU32(INITIALIZE_NONCE), accountKeyBytes(wallet)]),
  };
}

function encodeBase(wallet: AccountKey, index: number): Buffer {
  const seed = nonceSeedOf(index);
  return Buffer.concat([accountKeyBytes(wallet), encodeU64(BigInt(seed.length)), seed]);
}

function parseReclaim(intent: ReclaimNonceIntent): SetupTerms {
  const wallet = parseKey("wallet", intent.wallet);
  const account = nonceAccountOf(wallet, parseNonceIndex(intent.index));
  const lamports = parseU64("lamports", intent.lamports, 1n);
  const feeLamportsMax = parseFee(intent.feeLamportsMax);
  const expected = [
    {
      name: "pay the nonce account out to the wallet",
      accounts: [account, wallet, RECENT_BLOCKHASHES_SYSVAR, RENT_SYSVAR, wallet],
      data: Buffer.concat([encodeU32(WITHDRAW_NONCE), encodeU64(lamports)]),
    },
  ];
  return { wallet, feeLamportsMax, expected, value: undefined };
}

function parseVoid(intent: VoidNonceIntent): SetupTerms {
  const wallet = parseKey("wallet", intent.wallet);
  const account = nonceAccountOf(wallet, parseNonceIndex(intent.index));
  const advance = {
    name: "use the nonce's value up",
    accounts: [account, RECENT_BLOCKHASHES_SYSVAR, wallet],
    data: encodeU32(ADVANCE_NONCE),
  };
  const value = parseKey("nonce value", intent.value);
  return { wallet, feeLamportsMax: parseFee(intent.feeLamportsMax), expected: [advance], value };
}

function parseFee(text: string): bigint {
  const fee = parseU64("feeLamportsMax", text, 0n);
  return fee < SETUP_FEE_LAMPORTS_MAX ? fee : SETUP_FEE_LAMPORTS_MAX;
}

function encodeU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function encodeU64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

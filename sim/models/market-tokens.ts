import { Keypair } from "@solana/web3.js";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { createNamedPrng } from "./prng.ts";

export type TokenKind =
  | "normal"
  | "run"
  | "rug"
  | "young"
  | "thin"
  | "suspicious"
  | "freeze-authority"
  | "mint-authority"
  | "token-2022"
  | "transfer-fee"
  | "permanent-delegate"
  | "frozen"
  | "transfer-hook"
  | "pump-curve"
  | "pump-run"
  | "pumpswap"
  | "raydium-cpmm"
  | "raydium-v4";

/** The program that a token's only pool belongs to; the others trade in the aggregator's own. */
export type PoolVenue = "pump" | "pumpswap" | "raydium-cpmm" | "raydium-v4";

/** Everything about a token that never changes while the world runs. */
export interface TokenSpec {
  kind: TokenKind;
  /** Where its pool is when the world starts. */
  venue?: PoolVenue;
  symbol: string;
  name: string;
  decimals: number;
  tokenProgram: "token" | "token-2022";
  /** In base units, like every quantity here. */
  supply: bigint;
  mint: Keypair;
  /** Names the pool; the account itself holds nothing. */
  pool: Keypair;
  /** Owns both vaults. */
  poolAuthority: Keypair;
  dev: Keypair;
  lamportsAtStart: bigint;
  quantityAtStart: bigint;
  transferFeeBps: number;
  /** Age of mint and first pool when the world starts. */
  ageMs: number;
  /** Step at which the liquidity is pulled. */
  rugAtStep?: number;
  /** Per step, as a fraction. */
  drift: number;
  volatility: number;
  holderCount: number;
  organicScore: number;
}

const KINDS: readonly TokenKind[] = [
  ...Array.from({ length: 8 }, (): TokenKind => "normal"),
  ...Array.from({ length: 4 }, (): TokenKind => "run"),
  ...Array.from({ length: 3 }, (): TokenKind => "rug"),
  "young",
  "young",
  "thin",
  "suspicious",
  "freeze-authority",
  "mint-authority",
  "token-2022",
  "transfer-fee",
  "permanent-delegate",
];

/** Listed behind the others, so that an older world keeps its tokens. */
const POOL_KINDS: readonly TokenKind[] = [
  "frozen",
  "pump-curve",
  "pump-curve",
  "pump-curve",
  "pump-run",
  "pumpswap",
  "pumpswap",
  "pumpswap",
  "raydium-cpmm",
  "raydium-cpmm",
  "raydium-v4",
  "raydium-v4",
  "transfer-hook",
];
const POOL_WORDS = [
  "Arctic Axolotl", "Bouncy Bison", "Cosmic Cicada", "Dusty Dodo", "Eager Eland", "Frosty Fox",
  "Gentle Gnu", "Hasty Hare", "Icy Impala", "Jaunty Jay", "Keen Koala", "Loud Llama",
  "Merry Mole",
]; // prettier-ignore
const VENUES: Partial<Record<TokenKind, PoolVenue>> = {
  "pump-curve": "pump",
  "pump-run": "pump",
  pumpswap: "pumpswap",
  "raydium-cpmm": "raydium-cpmm",
  "raydium-v4": "raydium-v4",
};

const FIRST_WORDS = [
  "Amber", "Brisk", "Cobalt", "Dapper", "Ember", "Fable", "Gritty", "Hollow", "Ivory", "Jolly",
  "Kindly", "Lunar", "Mellow", "Nimble", "Opal", "Plucky", "Quartz", "Rusty", "Sable", "Tidal",
  "Umber", "Velvet", "Wry", "Zesty",
]; // prettier-ignore
const LAST_WORDS = [
  "Badger", "Comet", "Dingo", "Egret", "Ferret", "Gecko", "Heron", "Ibis", "Jackal", "Kiwi",
  "Lemur", "Marmot", "Newt", "Otter", "Puffin", "Quokka", "Raven", "Stoat", "Tapir", "Urchin",
  "Vole", "Walrus", "Yak", "Zebu",
]; // prettier-ignore

/** Virtual tokens of a new curve, and their product with its virtual lamports. */
const CURVE_TOKENS = 1_073_000_000_000_000n;
const CURVE_PRODUCT = CURVE_TOKENS * 30_000_000_000n;
const MS_PER_DAY = 86_400_000;
const LAMPORTS_PER_SOL = 1_000_000_000n;

/** Draws 32 bytes for a development key. Worlds only: a seeded key is no secret. */
export function generateKeypair(seed: number, label: string): Keypair {
  const prng = createNamedPrng(seed, `keypair:${label}`);
  return Keypair.fromSeed(Uint8Array.from({ length: 32 }, () => prng.nextInt(256)));
}

/** The same seed gives the same tokens, names and keys, whatever else the world draws. */
export function generateTokens(seed: number): TokenSpec[] {
  const prng = createNamedPrng(seed, "tokens");
  const firsts = shuffled(FIRST_WORDS, prng);
  const lasts = shuffled(LAST_WORDS, prng);
  const old = KINDS.map((kind, index) => {
    const words: [string, string] = [firsts[index] ?? "", lasts[index] ?? ""];
    return generateToken(seed, { kind, index, ...labelOf(words) });
  });
  const pooled = POOL_KINDS.map((kind, at) => {
    const index = KINDS.length + at;
    const [first = "", last = ""] = (POOL_WORDS[at] ?? "").split(" ");
    return pooledToken(seed, generateToken(seed, { kind, index, ...labelOf([first, last]) }), at);
  });
  return [...old, ...pooled];
}

function labelOf([first, last]: readonly [string, string]): { name: string; symbol: string } {
  const symbol = `${first.slice(0, 2)}${last.slice(0, 3)}`.toUpperCase();
  return { name: `${first} ${last}`, symbol };
}

/** As the pool's program makes its tokens: six decimals, and on a curve somewhere along it. */
function pooledToken(seed: number, token: TokenSpec, at: number): TokenSpec {
  const venue = VENUES[token.kind];
  if (venue === undefined) return token;
  const prng = createNamedPrng(seed, `pooled:${at}`);
  const supply = 1_000_000_000_000_000n;
  const isPump = venue === "pump" || venue === "pumpswap";
  const pooled: TokenSpec = {
    ...token,
    venue,
    decimals: 6,
    supply,
    tokenProgram: isPump && at % 2 === 0 ? "token-2022" : "token",
    quantityAtStart: (supply * BigInt(15 + prng.nextInt(30))) / 100n,
    ageMs: venue === "pump" ? 600_000 + prng.nextInt(MS_PER_DAY / 2) : token.ageMs,
    volatility: 0.0008,
    drift: token.kind === "pump-run" ? 0.002 : 0,
  };
  if (venue !== "pump") return pooled;
  const sold = 150n + BigInt(prng.nextInt(250));
  const quantityAtStart = CURVE_TOKENS - sold * 1_000_000_000_000n;
  return {
    ...pooled,
    quantityAtStart,
    lamportsAtStart: CURVE_PRODUCT / quantityAtStart + 1n,
  };
}

function generateToken(
  seed: number,
  fixed: { kind: TokenKind; index: number; name: string; symbol: string },
): TokenSpec {
  const { kind, index, name, symbol } = fixed;
  const prng = createNamedPrng(seed, `token:${index}`);
  const decimals = prng.nextInt(4) === 0 ? 9 : 6;
  const supply = 1_000_000_000n * 10n ** BigInt(decimals);
  const poolSol = kind === "thin" ? 6 + prng.nextInt(6) : 300 + prng.nextInt(4_000);
  const young = kind === "young";
  return {
    kind,
    symbol,
    name,
    decimals,
    tokenProgram: TOKEN_2022_KINDS.has(kind) ? "token-2022" : "token",
    supply,
    mint: generateKeypair(seed, `mint:${index}`),
    pool: generateKeypair(seed, `pool:${index}`),
    poolAuthority: generateKeypair(seed, `pool-authority:${index}`),
    dev: generateKeypair(seed, `dev:${index}`),
    lamportsAtStart: BigInt(poolSol) * LAMPORTS_PER_SOL,
    quantityAtStart: (supply * BigInt(15 + prng.nextInt(30))) / 100n,
    transferFeeBps: kind === "transfer-fee" ? 300 : 0,
    ageMs: young ? 600_000 + prng.nextInt(MS_PER_DAY / 2) : (3 + prng.nextInt(400)) * MS_PER_DAY,
    ...(kind === "rug" ? { rugAtStep: 300 + prng.nextInt(900) } : {}),
    drift: kind === "run" ? 0.0012 : 0,
    volatility: young || kind === "rug" ? 0.003 : 0.0008,
    holderCount: young ? 20 + prng.nextInt(200) : 800 + prng.nextInt(60_000),
    organicScore: young || kind === "suspicious" ? prng.nextInt(20) : 40 + prng.nextInt(60),
  };
}

const TOKEN_2022_KINDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "token-2022",
  "transfer-fee",
  "permanent-delegate",
  "frozen",
  "transfer-hook",
]);

function shuffled<Item>(items: readonly Item[], prng: Prng): Item[] {
  const ranked = items.map((item) => ({ item, rank: prng.nextFloat() }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}

import { PublicKey } from "@solana/web3.js";

export const JUPITER_PROGRAM_ID = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";
/** The pools present themselves as this venue's; variant 7 of the aggregator's swap kinds. */
export const POOL_PROGRAM_ID = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";
export const POOL_LABEL = "Raydium";
const POOL_SWAP_VARIANT = 7;

const jupiter = new PublicKey(JUPITER_PROGRAM_ID);
export const JUPITER_EVENT_AUTHORITY = derive([Buffer.from("__event_authority")]);
/** Shared routes pass through accounts of this authority; the first of several. */
export const SHARED_AUTHORITY_ID = 0;
export const JUPITER_SHARED_AUTHORITY = derive([
  Buffer.from("authority"),
  Uint8Array.of(SHARED_AUTHORITY_ID),
]);

export type RouteName = "route_v2" | "shared_accounts_route_v2";

/** Where a route keeps its arguments and accounts. */
interface RouteShape {
  discriminator: string;
  argumentsAt: number;
  userAuthority: number;
  source: number;
  destination: number;
  sourceMint: number;
  destinationMint: number;
  sourceTokenProgram: number;
  destinationTokenProgram: number;
  eventAuthority: number;
  /** The first account that belongs to the venues. */
  remaining: number;
}

export const ROUTES: Readonly<Record<RouteName, RouteShape>> = {
  route_v2: {
    discriminator: "bb64facc31c4af14",
    argumentsAt: 8,
    userAuthority: 0,
    source: 1,
    destination: 2,
    sourceMint: 3,
    destinationMint: 4,
    sourceTokenProgram: 5,
    destinationTokenProgram: 6,
    eventAuthority: 8,
    remaining: 10,
  },
  shared_accounts_route_v2: {
    discriminator: "d19853937cfed8e9",
    argumentsAt: 9,
    userAuthority: 1,
    source: 2,
    destination: 5,
    sourceMint: 6,
    destinationMint: 7,
    sourceTokenProgram: 8,
    destinationTokenProgram: 9,
    eventAuthority: 10,
    remaining: 12,
  },
};

/** An absent optional account is the program's own id in its place; `route_v2` has one. */
export const ROUTE_V2_OPTIONAL_DESTINATION = 7;

export interface RouteArguments {
  quantityIn: bigint;
  quotedOut: bigint;
  slippageBps: number;
  platformFeeBps: number;
  positiveSlippageBps: number;
}

const HEAD_BYTES = 22;

export function encodeRoute(name: RouteName, route: RouteArguments): Buffer {
  const shape = ROUTES[name];
  const data = Buffer.alloc(shape.argumentsAt + HEAD_BYTES + 4 + 5);
  data.write(shape.discriminator, 0, "hex");
  if (name === "shared_accounts_route_v2") data.writeUInt8(SHARED_AUTHORITY_ID, 8);
  let at = data.writeBigUInt64LE(route.quantityIn, shape.argumentsAt);
  at = data.writeBigUInt64LE(route.quotedOut, at);
  at = data.writeUInt16LE(route.slippageBps, at);
  at = data.writeUInt16LE(route.platformFeeBps, at);
  at = data.writeUInt16LE(route.positiveSlippageBps, at);
  at = data.writeUInt32LE(1, at);
  at = data.writeUInt8(POOL_SWAP_VARIANT, at);
  at = data.writeUInt16LE(10_000, at);
  at = data.writeUInt8(0, at);
  data.writeUInt8(1, at);
  return data;
}

/** Undefined for every instruction other than the two that the build service answers. */
export function parseRoute(
  data: Uint8Array,
): { name: RouteName; route: RouteArguments } | undefined {
  const bytes = Buffer.from(data);
  const discriminator = bytes.subarray(0, 8).toString("hex");
  const name = (["route_v2", "shared_accounts_route_v2"] as const).find(
    (known) => ROUTES[known].discriminator === discriminator,
  );
  if (name === undefined) return undefined;
  const at = ROUTES[name].argumentsAt;
  if (bytes.length < at + HEAD_BYTES) return undefined;
  return {
    name,
    route: {
      quantityIn: bytes.readBigUInt64LE(at),
      quotedOut: bytes.readBigUInt64LE(at + 8),
      slippageBps: bytes.readUInt16LE(at + 16),
      platformFeeBps: bytes.readUInt16LE(at + 18),
      positiveSlippageBps: bytes.readUInt16LE(at + 20),
    },
  };
}

function derive(seeds: Uint8Array[]): string {
  return PublicKey.findProgramAddressSync(seeds, jupiter)[0].toBase58();
}

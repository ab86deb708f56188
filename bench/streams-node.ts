import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { encodeBase58 } from "../shared/values/base58.ts";
import { Chain } from "../sim/models/chain.ts";
import { createNamedPrng } from "../sim/models/prng.ts";
import { ShiftedClock } from "../sim/servers/real-clock.ts";
import { startSolana } from "../sim/servers/solana/solana-server.ts";

/** What the bench tells this process to do, and what it hears back. */
export type StreamsOrder = { kind: "change"; perSecond: number; seconds: number };
export type StreamsNews =
  | { kind: "ready"; rpcs: { http: string; ws: string }[] }
  | { kind: "changed"; count: number; seconds: number };

const OWNER = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
/** As long as the account of a vault. */
const ACCOUNT_BYTES = 165;
const SUBSCRIPTIONS_MAX = 6_000;
const STEP_MS = 20;

export function streamAddress(n: number): string {
  return encodeBase58(createHash("sha256").update(`stream ${n}`).digest());
}

/** Two stand-in nodes with many accounts, of which as many change a second as they are told. */
async function main(accounts: number): Promise<void> {
  const clock = new ShiftedClock();
  const chain = new Chain({ clock, prng: createNamedPrng(1, "chain") });
  const addresses = Array.from({ length: accounts }, (_, n) => streamAddress(n));
  const write = (n: number, value: number): void => {
    const data = Buffer.alloc(ACCOUNT_BYTES);
    data.writeBigUInt64LE(BigInt(value), 64);
    chain.accounts.setAccount(addresses[n] ?? "", { owner: OWNER, data, lamports: 2_039_280n });
  };
  for (let n = 0; n < accounts; n++) write(n, 1);
  const { rpcs } = await startSolana({
    chain,
    clock,
    prng: createNamedPrng(1, "solana"),
    nodes: [{ lagSlots: 0 }, { lagSlots: 0 }],
    subscriptionsMax: SUBSCRIPTIONS_MAX,
  });
  chain.start();
  tell({ kind: "ready", rpcs });
  process.on("message", (order: StreamsOrder) => void change(order));
  process.on("disconnect", () => process.exit(0));

  /** The same account changes again only after all others: every change is a notification. */
  async function change({ perSecond, seconds }: StreamsOrder): Promise<void> {
    const startMs = performance.now();
    let count = 0;
    for (;;) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= seconds * 1_000) break;
      for (const due = (elapsedMs * perSecond) / 1_000; count < due; count++) {
        write(count % accounts, 2 + count);
      }
      await pause(STEP_MS);
    }
    tell({ kind: "changed", count, seconds: (performance.now() - startMs) / 1_000 });
  }
}

function tell(news: StreamsNews): void {
  process.send?.(news);
}

if (process.send !== undefined && process.argv[1]?.endsWith("streams-node.ts") === true) {
  await main(Number(process.argv[2]));
}

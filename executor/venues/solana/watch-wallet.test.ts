import { it } from "vitest";
import type { RpcSocket } from "./rpc-socket.ts";
import { watchWallet } from "./watch-wallet.ts";

const WALLET = "So11111111111111111111111111111111111111112";
const MINTS = [
  "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
  "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
] as const;
const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

function countingSocket(): { asked: number; alive: number; socket: RpcSocket } {
  const counts = { asked: 0, alive: 0 };
  const socket = {
    subscribe() {
      counts.asked += 1;
      counts.alive += 1;
      return () => void (counts.alive -= 1);
    },
  };
  return Object.assign(counts, { socket: socket as unknown as RpcSocket });
}

it("one token more or less of a wallet is one subscription more or less", ({ expect }) => {
  const counts = countingSocket();
  const [first, second] = MINTS.map((mint) => ({ mint, tokenProgram: TOKEN_PROGRAM })) as [
    { mint: string; tokenProgram: string },
    { mint: string; tokenProgram: string },
  ];
  const watcher = watchWallet([counts.socket], WALLET, () => undefined);
  watcher.holds([first]);
  expect(counts).toMatchObject({ asked: 2, alive: 2 });
  watcher.holds([first, second]);
  expect(counts).toMatchObject({ asked: 3, alive: 3 });
  watcher.holds([second]);
  expect(counts).toMatchObject({ asked: 3, alive: 2 });
  watcher.stop();
  expect(counts.alive).toBe(0);
});

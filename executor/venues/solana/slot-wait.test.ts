import { describe, test } from "vitest";
import { createFakeChain } from "./fake-chain.ts";
import { evenPrng, settle } from "./fake-net.ts";
import { RpcSocket } from "./rpc-socket.ts";
import { createSlotWait } from "./slot-wait.ts";

const NOW = 4_400;

/** Two nodes, of which the second one's stream stands at slot 4,400. */
async function createWorld() {
  const { rpc, net, clock, log } = createFakeChain();
  const sockets = rpc.providers.map(({ name }) => {
    const url = `wss://${name}/`;
    return new RpcSocket({ net, clock, prng: evenPrng, log, name, url });
  });
  for (const socket of sockets) socket.start();
  const [, second] = net.sockets;
  const [, node] = rpc.providers;
  if (second === undefined || node === undefined) throw new Error("expected two nodes");
  second.onOpen();
  const { id } = second.sent[0] ?? { id: 0 };
  second.onMessage(JSON.stringify({ jsonrpc: "2.0", result: 7, id }));
  const tell = (slot: number): void => {
    const params = { result: { parent: slot - 1, root: slot - 32, slot }, subscription: 7 };
    second.onMessage(JSON.stringify({ jsonrpc: "2.0", method: "slotNotification", params }));
  };
  tell(NOW);
  const wait = createSlotWait(rpc, sockets, clock);
  /** What the wait came to, once it has come to anything. */
  const follow = (slot: number): { outcome: boolean | undefined } => {
    const seen: { outcome: boolean | undefined } = { outcome: undefined };
    void wait(node, slot).then((outcome) => (seen.outcome = outcome));
    return seen;
  };
  return { clock, second, tell, follow };
}

describe("the wait for a node that lags", () => {
  test("ends at once when its stream tells of the slot", async ({ expect }) => {
    const { tell, follow } = await createWorld();
    const seen = follow(NOW + 2);
    tell(NOW + 1);
    await settle();
    expect(seen.outcome).toBeUndefined();
    tell(NOW + 2);
    await settle();
    expect(seen.outcome).toBe(true);
  });

  test("is none when the stream is there already", async ({ expect }) => {
    const { follow } = await createWorld();
    const seen = follow(NOW);
    await settle();
    expect(seen.outcome).toBe(true);
  });

  test("is given up after a second, and not begun for a node far behind or broken", async ({
    expect,
  }) => {
    const { clock, second, follow } = await createWorld();
    const late = follow(NOW + 2);
    await clock.advance(999);
    expect(late.outcome).toBeUndefined();
    await clock.advance(1);
    expect(late.outcome).toBe(false);
    const far = follow(NOW + 9);
    await settle();
    expect(far.outcome).toBe(false);
    second.onClose("gone");
    const broken = follow(NOW + 1);
    await settle();
    expect(broken.outcome).toBe(false);
  });
});

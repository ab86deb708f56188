import { describe, test } from "vitest";
import { evenPrng, FakeClock, FakeLog, FakeNet, type FakeSocket } from "./fake-net.ts";
import { RpcSocket } from "./rpc-socket.ts";

function createWorld() {
  const net = new FakeNet();
  const clock = new FakeClock();
  const log = new FakeLog();
  const url = "wss://node.example/?api-key=hush-hush";
  const socket = new RpcSocket({ net, clock, prng: evenPrng, log, name: "node.example", url });
  return { net, clock, log, socket };
}

/** Confirms every subscription of a connection with its request id plus 100. */
function open(connection: FakeSocket): void {
  connection.onOpen();
  for (const { id } of connection.sent) {
    connection.onMessage(JSON.stringify({ jsonrpc: "2.0", result: id + 100, id }));
  }
}

function idOf(connection: FakeSocket, method: string): number {
  return (connection.sent.find((sent) => sent.method === method)?.id ?? 0) + 100;
}

/** Envelopes of the Solana JSON-RPC documentation (websocket notifications). */
function notify(connection: FakeSocket, method: string, subscription: number, result: unknown) {
  connection.onMessage(
    JSON.stringify({ jsonrpc: "2.0", method, params: { result, subscription } }),
  );
}

function beat(connection: FakeSocket, slot: number, parent = slot - 1): void {
  const result = { parent, root: slot - 32, slot };
  notify(connection, "slotNotification", idOf(connection, "slotSubscribe"), result);
}

const SIGNATURE =
  "2EanSSkn5cjv9DVKik5gtBkN1wwbV1TAXQQ5yu2RTPGwgrhEywVAQR2veu895uCDzvYwWZe6vD1Bcn8s7r22W17w";

function watch(socket: RpcSocket) {
  const seen: unknown[] = [];
  const gaps: number[] = [];
  const unsubscribe = socket.subscribe({
    method: "signatureSubscribe",
    params: [SIGNATURE, { commitment: "confirmed" }],
    isOnce: true,
    onValue: (value) => seen.push(value),
    onGap: () => gaps.push(1),
  });
  return { seen, gaps, unsubscribe };
}

describe("a stream", () => {
  test("hands over one signature's news once and then forgets it", async ({ expect }) => {
    const { net, socket } = createWorld();
    socket.start();
    const { seen } = watch(socket);
    const [connection] = net.sockets as [FakeSocket];
    open(connection);
    const id = idOf(connection, "signatureSubscribe");
    const news = { context: { slot: 5_207_624 }, value: { err: null } };
    notify(connection, "signatureNotification", id, news);
    notify(connection, "signatureNotification", id, news);
    expect(seen).toEqual([news]);
  });

  test("subscribes again after a break and says that something may be missing", async ({
    expect,
  }) => {
    const { net, clock, socket, log } = createWorld();
    socket.start();
    const { gaps, seen } = watch(socket);
    open(net.sockets[0] as FakeSocket);
    net.sockets[0]?.onClose("code 1006");
    expect(socket.health().ok).toBe(false);
    await clock.advance(500);
    const second = net.sockets[1] as FakeSocket;
    open(second);
    expect(second.sent.map(({ method }) => method)).toContain("signatureSubscribe");
    expect(gaps).toHaveLength(2);
    const news = { context: { slot: 7 }, value: { err: null } };
    notify(second, "signatureNotification", idOf(second, "signatureSubscribe"), news);
    expect(seen).toEqual([news]);
    expect(JSON.stringify(log.lines)).not.toContain("hush-hush");
  });

  test("is stale after ten silent seconds and connects anew", async ({ expect }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    open(net.sockets[0] as FakeSocket);
    beat(net.sockets[0] as FakeSocket, 100);
    await clock.advance(9_000);
    expect(socket.isFresh()).toBe(true);
    expect(net.sockets).toHaveLength(1);
    await clock.advance(3_000);
    expect(net.sockets[0]?.isClosed).toBe(true);
    expect(net.sockets).toHaveLength(2);
  });

  test("believes nothing that waited while the process stood still, and connects anew", async ({
    expect,
  }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    const { seen, gaps } = watch(socket);
    const first = net.sockets[0] as FakeSocket;
    open(first);
    beat(first, 100);
    await clock.advance(3_000);
    clock.standStill(9_000);
    beat(first, 101);
    expect([socket.slot(), first.isClosed]).toEqual([101, false]);
    await clock.advance(1_000);
    clock.standStill(10_000);
    beat(first, 102);
    const id = idOf(first, "signatureSubscribe");
    notify(first, "signatureNotification", id, { context: { slot: 102 }, value: { err: null } });
    expect([first.isClosed, seen, socket.isFresh(), socket.counts().silences]).toEqual([
      true,
      [],
      false,
      1,
    ]);
    await clock.advance(500);
    open(net.sockets[1] as FakeSocket);
    beat(net.sockets[1] as FakeSocket, 130);
    expect([socket.slot(), net.sockets.length, gaps.length]).toEqual([130, 2, 2]);
  });

  test("stays connected while slots come", async ({ expect }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    open(net.sockets[0] as FakeSocket);
    for (let slot = 100; slot < 130; slot++) {
      beat(net.sockets[0] as FakeSocket, slot);
      await clock.advance(1_000);
    }
    expect(net.sockets).toHaveLength(1);
    expect(socket.health()).toMatchObject({ ok: true });
  });

  test("knows a slot as whole by the parents that it tells, until it breaks", async ({
    expect,
  }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    let skips = 0;
    socket.onSkips(() => (skips += 1));
    const first = net.sockets[0] as FakeSocket;
    open(first);
    for (const slot of [100, 101, 102]) beat(first, slot);
    expect([socket.hasPassed(100), socket.hasPassed(101), skips]).toEqual([true, false, 0]);
    beat(first, 103, 101);
    beat(first, 104);
    beat(first, 104);
    expect([socket.hasPassed(101), socket.hasPassed(102), socket.hasSkipped(102)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(skips).toBe(2);
    first.onClose("code 1006");
    await clock.advance(500);
    open(net.sockets[1] as FakeSocket);
    expect([socket.slot(), socket.hasPassed(100), socket.hasSkipped(102)]).toEqual([
      0,
      false,
      false,
    ]);
    beat(net.sockets[1] as FakeSocket, 50);
    expect(socket.slot()).toBe(50);
  });

  test("waits longer after every failed try", async ({ expect }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    const triesAfterMs: number[] = [];
    const startMs = clock.monotonicMs();
    for (let n = 0; n < 5; n++) {
      net.sockets.at(-1)?.onClose("error");
      const count = net.sockets.length;
      while (net.sockets.length === count) await clock.advance(25);
      triesAfterMs.push(clock.monotonicMs() - startMs);
    }
    const waits = triesAfterMs.map((ms, n) => ms - (triesAfterMs[n - 1] ?? 0));
    expect(waits.every((ms, n) => n === 0 || ms > (waits[n - 1] ?? 0))).toBe(true);
  });

  test("unsubscribes at the node and stays silent afterwards", async ({ expect }) => {
    const { net, socket } = createWorld();
    socket.start();
    const { seen, unsubscribe } = watch(socket);
    const [connection] = net.sockets as [FakeSocket];
    open(connection);
    unsubscribe();
    const id = idOf(connection, "signatureSubscribe");
    expect(connection.sent.at(-1)).toMatchObject({ method: "signatureUnsubscribe", params: [id] });
    notify(connection, "signatureNotification", id, { context: { slot: 1 }, value: { err: null } });
    expect(seen).toEqual([]);
  });

  test("drops an account's value that is older than the last one", async ({ expect }) => {
    const { net, socket } = createWorld();
    socket.start();
    const slots: number[] = [];
    socket.subscribe({
      method: "accountSubscribe",
      params: ["CM78CPUeXjn8o3yroDHxUtKsZZgoy4GPkPPXfouKNH12", { commitment: "processed" }],
      isOnce: false,
      onValue: (value) => slots.push((value as { context: { slot: number } }).context.slot),
      onGap: () => undefined,
    });
    const [connection] = net.sockets as [FakeSocket];
    open(connection);
    const id = idOf(connection, "accountSubscribe");
    for (const slot of [10, 12, 11, 12, 13]) {
      const value = { lamports: 1, data: ["", "base64"], owner: "1", executable: false };
      notify(connection, "accountNotification", id, { context: { slot }, value });
    }
    expect(slots).toEqual([10, 12, 12, 13]);
  });

  test("survives whatever the node says", ({ expect }) => {
    const { net, socket } = createWorld();
    socket.start();
    const [connection] = net.sockets as [FakeSocket];
    open(connection);
    for (const text of ["", "{", "[]", "null", '{"method":"x"}', '{"id":3,"result":{}}']) {
      connection.onMessage(text);
    }
    beat(connection, 5);
    expect(socket.health().detail).toContain("slot 5");
  });

  test("stops for good", async ({ expect }) => {
    const { net, clock, socket } = createWorld();
    socket.start();
    open(net.sockets[0] as FakeSocket);
    socket.stop();
    await clock.advance(60_000);
    expect(net.sockets).toHaveLength(1);
  });
});

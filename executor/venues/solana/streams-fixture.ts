import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { createAccountStreams } from "./account-streams.ts";
import { evenPrng, FakeClock, FakeLog, FakeNet, type FakeSocket } from "./fake-net.ts";
import { RpcSocket } from "./rpc-socket.ts";
import { Rpc } from "./rpc.ts";

export interface FakeAccount {
  bytes: Uint8Array;
  lamports?: number;
  owner?: string;
}

const HOSTS = ["one.example", "two.example"];
const OWNER = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
/** Added to a request's id, it is the subscription's: tests can tell them apart. */
const ID_STEP = 100_000;
/** A jump by more is one of the test's making. */
const NEAR_SLOTS = 10;

/** An address that nothing else has. */
export function addressOf(n: number): string {
  const bytes = Buffer.alloc(32, 7);
  bytes.writeUInt32BE(n, 0);
  return encodeBase58(bytes);
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Two providers over one chain of accounts; what they tell, and when, is up to the test. */
export function createStreamWorld(connections = 1, subscriptionsMax = 5_000) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const log = new FakeLog();
  const node = new FakeNode(net);
  const urls = HOSTS.map((host) => `https://${host}/`);
  const rpc = new Rpc({ net, clock, prng: evenPrng, log, settings: { urls, timeoutMs: 1_000 } });
  const sockets = HOSTS.map((host) =>
    Array.from({ length: connections }, (_, n) => {
      const name = `${host}/${n}`;
      const url = `wss://${name}`;
      return new RpcSocket({ net, clock, prng: evenPrng, log, name, url, subscriptionsMax });
    }),
  );
  const settings = { staleMs: 2_500, lagSlotsMax: 20, verifyMs: 5_000 };
  const streams = createAccountStreams({ clock, log, rpc, sockets, settings });
  for (const socket of sockets.flat()) socket.start();
  streams.start();
  return { clock, log, rpc, sockets, streams, node };
}

export type StreamWorld = ReturnType<typeof createStreamWorld>;

/** What both providers serve: one chain of accounts, told of only when the test says so. */
export class FakeNode {
  readonly accounts = new Map<string, FakeAccount>();
  /** Addresses of every read by poll. */
  readonly reads: string[][] = [];
  slot = 1_000;
  isHttpDown = false;
  readonly #net: FakeNet;
  readonly #answered = new Map<FakeSocket, number>();
  /** The last slot that each connection was told of. */
  readonly #beaten = new Map<FakeSocket, number>();

  constructor(net: FakeNet) {
    this.#net = net;
    for (const host of HOSTS) {
      net.nodes.set(host, (_method, params) => {
        if (this.isHttpDown) return { status: 429, body: "" };
        const addresses = params[0] as string[];
        this.reads.push(addresses);
        const value = addresses.map((address) => valueOf(this.accounts.get(address)));
        return { result: { context: { slot: this.slot }, value } };
      });
    }
  }

  /** The newest connection to a provider. */
  connection(host: string, n = 0): FakeSocket {
    const found = this.#net.sockets.findLast(({ url }) => url === `wss://${host}/${n}`);
    if (found === undefined) throw new Error(`expected a connection to ${host}`);
    return found;
  }

  /** Opens it, confirms what it asks for, and tells of a slot. */
  open(host: string, n = 0): FakeSocket {
    const socket = this.connection(host, n);
    socket.onOpen();
    this.answer(socket);
    this.beat(socket);
    return socket;
  }

  /** Confirms or refuses what was asked since the last call; slots are never refused. */
  answer(socket: FakeSocket, isRefused = false): void {
    const from = this.#answered.get(socket) ?? 0;
    this.#answered.set(socket, socket.sent.length);
    for (const { id, method } of socket.sent.slice(from)) {
      if (!method.endsWith("Subscribe")) continue;
      const isSlot = method === "slotSubscribe";
      if (!isRefused || isSlot) this.say(socket, { id, result: id + ID_STEP });
      else this.say(socket, { id, error: { code: 429, message: "Too many requests" } });
    }
  }

  /**
   * Tells of this slot, and of those before it as nodes do, each on the one before it. A parent
   * that is given is told instead, of this slot alone: the block leaves out what lies between.
   */
  beat(socket: FakeSocket, parent?: number): void {
    const last = this.#beaten.get(socket) ?? 0;
    this.#beaten.set(socket, this.slot);
    const isNear = last < this.slot && this.slot - last <= NEAR_SLOTS;
    const from = parent === undefined && isNear ? last + 1 : this.slot;
    for (let slot = from; slot <= this.slot; slot++) {
      this.saySlot(socket, { slot, parent: parent ?? slot - 1, root: slot - 32 });
    }
  }

  /** A slot's notice as it stands. */
  saySlot(socket: FakeSocket, result: object): void {
    const asked = socket.sent.find(({ method }) => method === "slotSubscribe");
    const params = { result, subscription: (asked?.id ?? 0) + ID_STEP };
    this.say(socket, { method: "slotNotification", params });
  }

  tell(socket: FakeSocket, address: string, account: FakeAccount, slot: number): void {
    const result = { context: { slot }, value: valueOf(account) };
    const params = { result, subscription: this.idOf(socket, address) };
    this.say(socket, { method: "accountNotification", params });
  }

  /** The newest subscription of an account on a connection; undefined when there was none. */
  idOf(socket: FakeSocket, address: string): number | undefined {
    const asked = socket.sent.findLast(
      ({ method, params }) => method === "accountSubscribe" && params[0] === address,
    );
    return asked === undefined ? undefined : asked.id + ID_STEP;
  }

  say(socket: FakeSocket, frame: object): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...frame });
    // As nodes write it, which no number can hold.
    socket.onMessage(text.replace('"rentEpoch":0', '"rentEpoch":18446744073709551615'));
  }
}

function valueOf(account: FakeAccount | undefined): unknown {
  if (account === undefined) return null;
  const { bytes, lamports = 1, owner = OWNER } = account;
  return {
    data: [Buffer.from(bytes).toString("base64"), "base64"],
    executable: false,
    lamports,
    owner,
    rentEpoch: 0,
    space: bytes.length,
  };
}

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { type WebSocket, WebSocketServer } from "ws";

export interface TableAccount {
  owner: string;
  lamports: number;
  /** Base64, as it goes over the wire. */
  data: string;
}

interface Subscription {
  socket: WebSocket;
  id: number;
}

type Params = readonly unknown[];

/** Lets the node's own slot move on by this clock. */
const SLOT_MS = 400;
const TOKEN_ACCOUNT_BYTES = 165;
const LANDING_MS = 800;
const START_SLOT = 380_000_000;
const START_HEIGHT = 358_000_000;

/**
 * A Solana node for measurements: it answers from a table of accounts, takes any transaction and
 * executes none. What is sent is handed to `onTransaction` the moment its body is complete. It takes
 * bundles of one as well, and so stands in for a block engine.
 */
export class TableNode {
  readonly #accounts = new Map<string, TableAccount>();
  /** Token accounts by their holder. */
  readonly #holdings = new Map<string, Set<string>>();
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  readonly #slotSubscriptions = new Set<Subscription>();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #nextId = 1;
  /** Added to each answer over HTTP: what a question to a node far away costs. */
  replyDelayMs = 0;
  calls = 0;
  onTransaction: (payload: string, atNs: bigint) => void = () => undefined;
  /** What `getTransaction` answers for a signature. */
  onLookUp: (signature: string, slot: number) => unknown = () => null;
  /** What `simulateTransaction` answers as its value. */
  onSimulate: (payload: string) => unknown = () => undefined;
  readonly #sent = new Map<string, { slot: number; atMs: number }>();

  constructor() {
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#onClient(client));
    });
    this.#timer = setInterval(() => this.#tellSlot(), SLOT_MS);
  }

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get slot(): number {
    return START_SLOT + Math.floor((performance.now() - this.#startedMs) / SLOT_MS);
  }

  /** Also while subscribers follow: they are told by `tell`. */
  set(address: string, account: TableAccount): void {
    const isKnown = this.#accounts.has(address);
    this.#accounts.set(address, account);
    if (isKnown) return;
    const bytes = Buffer.from(account.data, "base64");
    if (bytes.length !== TOKEN_ACCOUNT_BYTES) return;
    const holder = encodeBase58(bytes.subarray(32, 64));
    const held = this.#holdings.get(holder) ?? new Set();
    this.#holdings.set(holder, held.add(address));
  }

  get(address: string): TableAccount | undefined {
    return this.#accounts.get(address);
  }

  /** The frames that a change of this account is told with; ready, so that sending costs little. */
  framesOf(address: string, slot: number): { socket: WebSocket; text: string }[] {
    const account = this.#accounts.get(address);
    if (account === undefined) return [];
    const { data, lamports, owner } = account;
    // By hand: thousands of these are made in a second, beside what is measured.
    const value =
      `{"data":["${data}","base64"],"executable":false,"lamports":${lamports},` +
      `"owner":"${owner}","rentEpoch":0,"space":0}`;
    const head = `{"jsonrpc":"2.0","method":"accountNotification","params":{"result":`;
    return [...(this.#subscriptions.get(address) ?? [])].map(({ socket, id }) => ({
      socket,
      text: `${head}{"context":{"slot":${slot}},"value":${value}},"subscription":${id}}}`,
    }));
  }

  subscribers(address: string): number {
    return this.#subscriptions.get(address)?.size ?? 0;
  }

  get subscriptionCount(): number {
    return [...this.#subscriptions.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const atNs = process.hrtime.bigint();
      this.calls += 1;
      const call = JSON.parse(Buffer.concat(chunks).toString("utf8")) as {
        id: unknown;
        method: string;
        params?: Params;
      };
      const { id, method, params = [] } = call;
      const result = this.#answer(method, params, atNs);
      const body = JSON.stringify(
        result === undefined
          ? { jsonrpc: "2.0", id, error: { code: -32_601, message: "Method not found" } }
          : { jsonrpc: "2.0", id, result },
      );
      const answer = (): void => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(body);
      };
      if (this.replyDelayMs === 0) answer();
      else setTimeout(answer, this.replyDelayMs);
    });
  }

  #answer(method: string, params: Params, atNs: bigint): unknown {
    const context = { slot: this.slot };
    const height = START_HEIGHT + (this.slot - START_SLOT);
    switch (method) {
      case "sendTransaction":
        return this.#take(params[0] as string, atNs);
      case "sendBundle":
        // As a block engine names a bundle of one.
        return hashOf(this.#take((params[0] as string[])[0] ?? "", atNs));
      case "getGenesisHash":
        return hashOf("genesis");
      case "getSlot":
        return this.slot;
      case "getBlockHeight":
        return height;
      case "getLatestBlockhash":
        return {
          context,
          value: {
            blockhash: hashOf(`block ${Math.floor(this.slot / 4)}`),
            lastValidBlockHeight: height + 150,
          },
        };
      case "getBalance":
        return { context, value: this.#accounts.get(params[0] as string)?.lamports ?? 0 };
      case "getAccountInfo":
        return { context, value: this.#show(params[0] as string) };
      case "getMultipleAccounts":
        return {
          context,
          value: (params[0] as string[]).map((address) => this.#show(address)),
        };
      case "getTokenAccountsByOwner":
        return { context, value: this.#ownedBy(params[0] as string, params[1]) };
      case "getSignatureStatuses":
        return { context, value: (params[0] as string[]).map((one) => this.#statusOf(one)) };
      case "getSignaturesForAddress":
      case "getRecentPrioritizationFees":
        return [];
      case "getTransaction": {
        const sent = this.#sent.get(params[0] as string);
        return sent === undefined ? null : this.onLookUp(params[0] as string, sent.slot);
      }
      case "simulateTransaction": {
        return { context, value: this.onSimulate(params[0] as string) };
      }
      default:
        return undefined;
    }
  }

  #take(payload: string, atNs: bigint): string {
    const signature = signatureOf(payload);
    if (!this.#sent.has(signature)) {
      this.#sent.set(signature, { slot: this.slot + 1, atMs: performance.now() });
    }
    this.onTransaction(payload, atNs);
    return signature;
  }

  /** Everything lands in the next slot and is final soon after. */
  #statusOf(signature: string): unknown {
    const sent = this.#sent.get(signature);
    if (sent === undefined || performance.now() - sent.atMs < LANDING_MS) return null;
    const { slot } = sent;
    return { slot, confirmations: null, err: null, confirmationStatus: "finalized" };
  }

  #ownedBy(holder: string, filter: unknown): unknown[] {
    const { programId } = filter as { programId: string };
    return [...(this.#holdings.get(holder) ?? [])]
      .filter((address) => this.#accounts.get(address)?.owner === programId)
      .map((pubkey) => ({ pubkey, account: this.#show(pubkey) }));
  }

  #show(address: string): unknown {
    const account = this.#accounts.get(address);
    if (account === undefined) return null;
    const { owner, lamports, data } = account;
    return {
      data: [data, "base64"],
      executable: false,
      lamports,
      owner,
      rentEpoch: 0,
      space: Buffer.byteLength(data, "base64"),
    };
  }

  #onClient(socket: WebSocket): void {
    socket.on("message", (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString("utf8")) as {
        id: number;
        method: string;
        params: Params;
      };
      const subscription = { socket, id: this.#nextId++ };
      if (method === "accountSubscribe") this.#listen(params[0] as string, subscription);
      if (method === "slotSubscribe") this.#slotSubscriptions.add(subscription);
      const result = method.endsWith("Unsubscribe") ? true : subscription.id;
      socket.send(JSON.stringify({ jsonrpc: "2.0", result, id }));
    });
    socket.on("close", () => this.#forget(socket));
  }

  #listen(address: string, subscription: Subscription): void {
    const known = this.#subscriptions.get(address) ?? new Set();
    known.add(subscription);
    this.#subscriptions.set(address, known);
  }

  #forget(gone: WebSocket): void {
    for (const set of [...this.#subscriptions.values(), this.#slotSubscriptions]) {
      for (const subscription of set) if (subscription.socket === gone) set.delete(subscription);
    }
  }

  #tellSlot(): void {
    const { slot } = this;
    for (const { socket, id } of this.#slotSubscriptions) {
      const result = { slot, parent: slot - 1, root: slot - 32 };
      const params = { result, subscription: id };
      socket.send(JSON.stringify({ jsonrpc: "2.0", method: "slotNotification", params }));
    }
  }
}

export function hashOf(text: string): string {
  return encodeBase58(createHash("sha256").update(text).digest());
}

/** The first signature of a transaction in base64. */
export function signatureOf(payload: string): string {
  return encodeBase58(Buffer.from(payload, "base64").subarray(1, 65));
}

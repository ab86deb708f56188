import { createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import { createServer, type Server } from "node:http";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { createSignerCore, parseMasterKeys } from "../executor/signer/core.ts";
import { decodeBase58, encodeBase58 } from "../shared/values/base58.ts";
import { ExecutorProcess } from "../sim/local/executor-process.ts";
import { findFreePorts } from "../sim/local/ports.ts";
import { createWorldSecrets, type WorldSecrets } from "../sim/local/secrets.ts";
import { deriveTokenAccount } from "../sim/models/token-accounts.ts";
import { signatureOf, TableNode } from "../sim/servers/table-node/table-node.ts";
import {
  type ArmedPosition,
  type BenchWallet,
  TOKEN_PROGRAM,
  writeJournal,
} from "./exit-journal.ts";
import { ExitWorld, landedSell, readSell, type SeenSell } from "./exit-world.ts";

export interface ExitBenchOptions {
  wallets: number;
  /** Positions by the wallets, in the order of the numbers. */
  positionsOf(wallets: readonly BenchWallet[]): ArmedPosition[];
  /** `jito`: a bundle goes to a block engine as well, and times are taken there. */
  lane: Lane;
  env?: Record<string, string>;
  /** Instead of the production main process. */
  mainFile?: string;
}

export type Lane = "plain" | "jito";
type OnSell = (sell: SeenSell, atNs: bigint) => void;

const TIP_LAMPORTS_MIN = 1_000n;
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PEOPLE_FIRST = 7_000;

/**
 * The real executor with armed positions, before two nodes and a block engine that answer from
 * tables.
 */
export class ExitBench {
  readonly world: ExitWorld;
  readonly positions: readonly ArmedPosition[];
  readonly nodes: readonly TableNode[];
  readonly engine: TableNode;
  readonly lane: Lane;
  readonly executor: ExecutorProcess;
  readonly dataDir: string;
  readonly metricsPort: number;
  readonly #keys = new Map<string, KeyObject>();
  readonly #landed = new Map<string, (slot: number) => unknown>();
  readonly #timed = new Set<string>();
  readonly #journal: DatabaseSync;
  readonly #prepared: StatementSync;
  readonly #close: () => Promise<void>;
  /** Called once for each sell, when the first node, or the block engine, has its whole body. */
  onSell: OnSell = () => undefined;

  private constructor(
    parts: Pick<
      ExitBench,
      "world" | "positions" | "nodes" | "engine" | "lane" | "executor" | "dataDir" | "metricsPort"
    > & { close: () => Promise<void> },
  ) {
    this.world = parts.world;
    this.positions = parts.positions;
    this.nodes = parts.nodes;
    this.engine = parts.engine;
    this.lane = parts.lane;
    this.executor = parts.executor;
    this.dataDir = parts.dataDir;
    this.metricsPort = parts.metricsPort;
    this.#close = parts.close;
    this.#journal = new DatabaseSync(join(parts.dataDir, "journal.db"), { readOnly: true });
    this.#prepared = this.#journal.prepare(
      "select 1 from attempts where venue = 'SOLANA' and identity = ?",
    );
    this.engine.onTransaction = (payload, atNs) => this.#onTransaction(payload, atNs, "jito");
    for (const node of this.nodes) {
      node.onTransaction = (payload, atNs) => this.#onTransaction(payload, atNs, "plain");
      node.onLookUp = (signature, slot) => this.#landed.get(signature)?.(slot) ?? null;
      node.onSimulate = (payload) => this.#simulate(node, payload);
    }
  }

  static async start(options: ExitBenchOptions): Promise<ExitBench> {
    const nodes = [new TableNode(), new TableNode()];
    const engine = new TableNode();
    const others = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"ok":true,"result":{"message_id":1,"id":1,"username":"bench"}}');
    });
    await Promise.all([
      ...[...nodes, engine].map((node) => node.start()),
      new Promise<void>((resolve) => others.listen(0, "127.0.0.1", resolve)),
    ]);
    const stateDir = mkdtempSync(join(tmpdir(), "raptor-exits-"));
    const dataDir = join(stateDir, "data");
    mkdirSync(dataDir, { mode: 0o700 });
    const secrets = createWorldSecrets();
    const wallets = createWallets(secrets.masterKeys, options.wallets);
    const positions = options.positionsOf(wallets);
    await writeJournal(join(dataDir, "journal.db"), wallets, positions);
    const world = layOut(nodes, wallets, positions);
    const [port = 0, metricsPort = 0] = await findFreePorts(2);
    const executor = new ExecutorProcess({
      env: {
        ...environment({ nodes, others, secrets, dataDir, port, metricsPort, wallets }),
        ...(options.lane === "jito" ? jitoSettings(engine) : {}),
        ...options.env,
      },
      port,
      logFile: join(stateDir, "executor.log"),
      onPids: () => undefined,
      mainFile: options.mainFile,
    });
    const close = async (): Promise<void> => {
      await executor.close();
      await Promise.all([...nodes, engine].map((node) => node.close()));
      others.closeAllConnections();
      others.close();
      rmSync(stateDir, { recursive: true, force: true });
    };
    const { lane } = options;
    const parts = { world, positions, nodes, engine, lane, executor, dataDir, metricsPort, close };
    const bench = new ExitBench(parts);
    try {
      await executor.start();
      return bench;
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#journal.close();
    return this.#close();
  }

  /** What a question costs that goes far away: added to each answer of nodes and engine. */
  delayAnswers(ms: number): void {
    for (const node of [...this.nodes, this.engine]) node.replyDelayMs = ms;
  }

  /** Whether the attempt was on disk when its bytes were here, with the tip that the lane wants. */
  isInOrder({ signature, tipLamports }: SeenSell): boolean {
    if (this.#prepared.get(encodeBase58(signature)) === undefined) return false;
    return this.lane === "jito" ? tipLamports >= TIP_LAMPORTS_MIN : tipLamports === 0n;
  }

  /** Whether the signed bytes are by the wallet that they are for. */
  isSigned({ wallet, message, signature }: SeenSell): boolean {
    let key = this.#keys.get(wallet);
    if (key === undefined) {
      const spki = Buffer.concat([SPKI_HEAD, decodeBase58(wallet) ?? new Uint8Array()]);
      key = createPublicKey({ key: spki, format: "der", type: "spki" });
      this.#keys.set(wallet, key);
    }
    return verify(null, message, key, signature);
  }

  #onTransaction(payload: string, atNs: bigint, by: Lane): void {
    // The same bytes come to both nodes and more than once, and are read where that is of use.
    const signature = signatureOf(payload);
    const isTimed = by === this.lane && !this.#timed.has(signature);
    if (!isTimed && this.#landed.has(signature)) return;
    const sell = readSell(payload);
    if (sell === undefined) return;
    this.#landed.set(signature, landedSell(sell));
    this.world.setHolding(sell.wallet, sell.mint, 0n);
    if (!isTimed) return;
    this.#timed.add(signature);
    this.onSell(sell, atNs);
  }

  /** The three accounts of the wallet after the sell; the runtime would use about so many units. */
  #simulate(node: TableNode, payload: string): unknown {
    const sell = readSell(payload);
    if (sell === undefined) return { err: "InvalidAccountData", logs: [], unitsConsumed: 0 };
    const { wallet, mint, quantityOutMin } = sell;
    const before = node.get(wallet);
    const lamports = (before?.lamports ?? 0) + Number(quantityOutMin);
    const tokenAccount = deriveTokenAccount(wallet, mint, TOKEN_PROGRAM);
    const holding = node.get(tokenAccount);
    const emptied = Buffer.from(holding?.data ?? "", "base64");
    emptied.writeBigUInt64LE(0n, 64);
    const show = (owner: string, data: string, held: number) => ({
      owner,
      lamports: held,
      data: [data, "base64"],
    });
    return {
      err: null,
      logs: [],
      unitsConsumed: 62_000,
      accounts: [
        show(before?.owner ?? "", before?.data ?? "", lamports),
        show(holding?.owner ?? "", emptied.toString("base64"), holding?.lamports ?? 0),
        null,
      ],
    };
  }
}

function jitoSettings(engine: TableNode): Record<string, string> {
  return {
    SEND_LANES: "jito",
    JITO_URLS: engine.url,
    JITO_SEND: "bundles",
    // The engine's own limit is no part of what is measured.
    JITO_RPS: "1000",
  };
}

function createWallets(masterKeys: string, count: number): BenchWallet[] {
  const core = createSignerCore({ masterKeys: parseMasterKeys(masterKeys) });
  return Array.from({ length: count }, (_, n) => {
    const [walletId, userId] = [`wal_${n + 1}`, PEOPLE_FIRST + n + 1];
    return { ...core.createWallet(walletId, userId), walletId, userId };
  });
}

function layOut(
  nodes: readonly TableNode[],
  wallets: readonly BenchWallet[],
  positions: readonly ArmedPosition[],
): ExitWorld {
  const world = new ExitWorld(nodes);
  for (const { address } of wallets) world.addWallet(address);
  for (const mint of new Set(positions.map((position) => position.mint))) world.addToken(mint);
  for (const { address, mint, quantity } of positions) world.setHolding(address, mint, quantity);
  return world;
}

function environment(parts: {
  nodes: readonly TableNode[];
  others: Server;
  secrets: WorldSecrets;
  dataDir: string;
  port: number;
  metricsPort: number;
  wallets: readonly BenchWallet[];
}): Record<string, string> {
  const { nodes, secrets } = parts;
  const other = `http://127.0.0.1:${(parts.others.address() as AddressInfo).port}`;
  return {
    ENVIRONMENT: "bench",
    DATA_DIR: parts.dataDir,
    BALLAST_MB: "1",
    HOST: "127.0.0.1",
    PORT: String(parts.port),
    METRICS_PORT: String(parts.metricsPort),
    TRUSTED_JWKS: secrets.trustedJwks,
    STATE_SECRET: secrets.stateSecret,
    WALLET_MASTER_KEYS: secrets.masterKeys,
    EDGE_URL: other,
    TELEGRAM_API_URL: other,
    TELEGRAM_BOT_TOKEN: secrets.botToken,
    TELEGRAM_WEBHOOK_SECRET: randomBytes(32).toString("hex"),
    ALLOWED_USER_IDS: parts.wallets.map(({ userId }) => userId).join(","),
    ADMIN_USER_IDS: String(parts.wallets[0]?.userId ?? 0),
    SOLANA_RPC_URLS: nodes.map(({ url }) => url).join(","),
    SOLANA_WS_URLS: nodes.map(({ url }) => url.replace("http", "ws")).join(","),
    JUPITER_URL: other,
    QSTASH_URL: other,
    QSTASH_TOKEN: secrets.qstashToken,
    OPEN_POSITIONS_MAX: "1000",
    NONCE_ACCOUNTS_MAX: "0",
    STREAM_SUBSCRIPTIONS_MAX: "50000",
    LOG_LEVEL: "warn",
    // On a starved machine a desk that was silent for long goes on, and its figures tell.
    WATCHDOG_MS: "60000",
  };
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Drift, PositionView, StatusView, TradeView } from "@raptor/shared/wire/read.ts";
import { startWorld, type World, type WorldOptions } from "../local/start-world.ts";
import { Person, waitUntil } from "./person.ts";

const JOURNAL_TIMEOUT_MS = 10_000;
/**
 * The harness polls the status API far more often than a person would; and Redis and the executor
 * beside it on a busy machine are slow at times, but not away.
 */
const EDGE_VARS = {
  RATE_API_IP_PER_MIN: "10000",
  REDIS_TIMEOUT_MS: "2000",
  EXECUTOR_TIMEOUT_MS: "10000",
};

export interface JournalRow {
  seq: number;
  kind: string;
  payload: Record<string, unknown>;
}

/** A whole local world for one test file, in a folder of its own, with a still market. */
export class ScenarioWorld {
  readonly world: World;
  readonly #stateDir: string;

  private constructor(world: World, stateDir: string) {
    this.world = world;
    this.#stateDir = stateDir;
  }

  static async start(options: Partial<WorldOptions> = {}): Promise<ScenarioWorld> {
    const stateDir = mkdtempSync(join(tmpdir(), "raptor-world-"));
    const seed = options.seed ?? Number(process.env["SEED"] ?? 42);
    const onProgress = (): void => {};
    const world = await startWorld({
      movingPrices: false,
      onProgress,
      ...options,
      edgeVars: { ...EDGE_VARS, ...options.edgeVars },
      seed,
      stateDir,
    });
    return new ScenarioWorld(world, stateDir);
  }

  get file(): World["file"] {
    return this.world.file;
  }

  get alice(): Person {
    return new Person(this.file, 7_001);
  }

  get bob(): Person {
    return new Person(this.file, 7_002);
  }

  /** A mint of this kind; `n` picks another of the same kind. */
  mint(kind = "normal", n = 0): string {
    const found = this.file.mints.filter((entry) => entry.kind === kind)[n];
    if (found === undefined) throw new Error(`the market has no ${n}. token of kind ${kind}`);
    return found.mint;
  }

  /** The whole journal, read beside the running executor. */
  journal(): JournalRow[] {
    // A process that starts or ends holds the file for a moment.
    const options = { readOnly: true, timeout: JOURNAL_TIMEOUT_MS };
    const database = new DatabaseSync(join(this.file.dataDir, "journal.db"), options);
    try {
      const rows = database.prepare("select seq, kind, payload from journal order by seq").all();
      return rows.map((row) => ({
        seq: Number(row["seq"]),
        kind: String(row["kind"]),
        payload: JSON.parse(String(row["payload"])) as Record<string, unknown>,
      }));
    } finally {
      database.close();
    }
  }

  eventsOf(kind: string): JournalRow[] {
    return this.journal().filter((row) => row.kind === kind);
  }

  executorLog(): string {
    return readFileSync(join(this.#stateDir, "logs", "executor.log"), "utf8");
  }

  async status(): Promise<StatusView> {
    return (await this.#get("/v1/status")) as StatusView;
  }

  async positions(): Promise<PositionView[]> {
    return ((await this.#get("/v1/positions")) as { positions: PositionView[] }).positions;
  }

  async trades(): Promise<TradeView[]> {
    return ((await this.#get("/v1/trades")) as { trades: TradeView[] }).trades;
  }

  async drift(): Promise<Drift[]> {
    return (await this.status()).lastReconcile?.drift ?? [];
  }

  /** Calls the chain's first node, or another one. */
  async rpc(method: string, params: unknown[], url = this.file.rpc): Promise<unknown> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: unknown; error?: unknown };
    if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
    return answer.result;
  }

  /** Base units of a mint that an owner holds on the chain, as one node knows it. */
  async chainQuantity(owner: string, mint: string, url = this.file.rpc): Promise<bigint> {
    const accounts = await this.#tokenAccounts(owner, mint, url);
    return accounts.reduce(
      (sum, { account }) => sum + BigInt(account.data.parsed.info.tokenAmount.amount),
      0n,
    );
  }

  /** Signatures of all transactions that touched an owner's account of a mint, newest first. */
  async chainTransactions(owner: string, mint: string): Promise<string[]> {
    const accounts = await this.#tokenAccounts(owner, mint);
    const histories = await Promise.all(
      accounts.map(({ pubkey }) =>
        this.rpc("getSignaturesForAddress", [pubkey, { commitment: "confirmed" }]),
      ),
    );
    return (histories as { signature: string }[][]).flat().map(({ signature }) => signature);
  }

  async chainLamports(owner: string): Promise<bigint> {
    const params = [owner, { commitment: "confirmed" }];
    return BigInt(((await this.rpc("getBalance", params)) as { value: number }).value);
  }

  async close(): Promise<void> {
    await this.world.close();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  async #tokenAccounts(owner: string, mint: string, url = this.file.rpc): Promise<TokenAccount[]> {
    const options = { encoding: "jsonParsed", commitment: "confirmed" };
    const result = await this.rpc("getTokenAccountsByOwner", [owner, { mint }, options], url);
    return (result as { value: TokenAccount[] }).value;
  }

  /** An executor that starts, or has no time to answer, is asked again: what it says is judged. */
  async #get(path: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.file.adminToken}` };
    return waitUntil(async () => {
      const response = await fetch(`${this.file.edge}${path}`, { headers });
      if (response.ok) return response.json();
      await response.body?.cancel();
      if (response.status < 500) throw new Error(`${path} answered ${response.status}`);
      return undefined;
    });
  }
}

interface TokenAccount {
  pubkey: string;
  account: { data: { parsed: { info: { tokenAmount: { amount: string } } } } };
}

import { join } from "node:path";
import { LIVE_ORDER_SQL, OUTBOX_DUE_SQL } from "@raptor/executor/store/schema.ts";
import { type VerifyReport, verifyJournal } from "@raptor/executor/store/verify.ts";
import type { World } from "../local/start-world.ts";
import type { ChatMessage } from "../scenarios/person.ts";
import { OPEN_ORDER_SQL, readJournal } from "./journal-look.ts";
import { traceQueued } from "./queue-trace.ts";
import type { Said } from "./storm-load.ts";

/** Said by the edge itself while the desk is away; not the desk's notices. */
const FROM_EDGE = /^(Queued:|Not confirmed:|Not accepted)/;
/** Of these the two that tell a person not to count on it. */
const NO_PROMISE = /^(Not confirmed:|Not accepted)/;

/** What an order's message says as long as it is under way. */
const UNDER_WAY = "⏳";

/** Another blockhash after the first one was proven dead. */
const RESIGNED_SQL = `select count(distinct dead.order_id) as n from attempts dead
  join attempts later on later.order_id = dead.order_id and later.n > dead.n
  where dead.state = 'dead' and later.exclusion_group != dead.exclusion_group`;
const REPLACED_SQL = `select count(*) as n from attempts copy where exists (
  select 1 from attempts other where other.exclusion_group = copy.exclusion_group
  and other.order_id = copy.order_id and other.n < copy.n)`;

export interface StormAudit {
  jobs: number;
  orders: number;
  attempts: number;
  /** Orders that were signed anew after a proof of death. */
  resigned: number;
  /** Attempts that share one nonce value with another: dearer copies of a stuck exit. */
  replaced: number;
  fills: number;
  /** Fills that a fork took back. */
  reversed: number;
  events: number;
  /** In words; empty is what is wanted. */
  lost: string[];
  double: string[];
  missingReceipts: string[];
  /** Told in two messages; only a death between Telegram's answer and its record does that. */
  repeatedNotices: number;
  journal: string;
}

/** Compares what the chain and the chats hold with what the journal says of them. */
export async function auditStorm(
  world: World,
  chats: ReadonlyMap<number, readonly ChatMessage[]>,
  said: readonly Said[],
): Promise<StormAudit> {
  const { dataDir } = world.file;
  const attempts = readJournal(dataDir, "select attempt_id, order_id, identity from attempts");
  const landed = attempts.filter(({ identity }) => isExecuted(world, String(identity)));
  const report = verifyJournal(join(dataDir, "journal.db"));
  const jobs = readJournal(dataDir, "select job_id, state from jobs");
  const count = (sql: string): number => Number(readJournal(dataDir, sql)[0]?.["n"]);
  return {
    jobs: jobs.length,
    orders: Number(readJournal(dataDir, "select count(*) as n from orders")[0]?.["n"]),
    attempts: attempts.length,
    resigned: count(RESIGNED_SQL),
    replaced: count(REPLACED_SQL),
    reversed: count("select count(*) as n from fills where state = 'reversed'"),
    fills: Number(readJournal(dataDir, "select count(*) as n from fills")[0]?.["n"]),
    events: report.events,
    lost: [
      ...findLost(dataDir),
      ...findUnheard(
        said,
        `tg:${world.file.botId}`,
        jobs,
        chats,
        await traceQueued(world.file.qstash),
      ),
      ...(await findUnbooked(world, dataDir)),
    ],
    double: findDoubles(landed, dataDir),
    missingReceipts: findMissingReceipts(dataDir, chats),
    repeatedNotices: countUnrecorded(dataDir, chats),
    journal: wordOf(report),
  };
}

/** Of the file and of the story that it tells: either can be wrong while the other is right. */
export function wordOf({
  problem,
  violation,
}: Pick<VerifyReport, "problem" | "violation">): string {
  const wrong = [problem, violation].filter((one) => one !== null);
  return wrong.length === 0 ? "holds" : wrong.map((one) => JSON.stringify(one)).join("; ");
}

function isExecuted(world: World, signature: string): boolean {
  const landing = world.chain.landingOf(signature);
  return landing !== undefined && landing.err === null;
}

/** Acknowledged, and not at an end although nothing hinders any more. */
function findLost(dataDir: string): string[] {
  const sql = `select 'job ' || job_id as what from jobs where state = 'pending'
    union all select 'order ' || order_id from orders
      where ${OPEN_ORDER_SQL}
    union all select 'notice ' || key from outbox
      where ${OUTBOX_DUE_SQL}`;
  return readJournal(dataDir, sql).map(({ what }) => String(what));
}

/**
 * Typed, and not in the journal although nobody was told so: acknowledged before the commit, say.
 * Chats do not tell which command such an answer is to, so that they are counted: for each command
 * that the desk never heard of there must be one "not accepted" or "not confirmed".
 */
export function findUnheard(
  said: readonly Said[],
  jobPrefix: string,
  jobs: readonly Record<string, unknown>[],
  chats: ReadonlyMap<number, readonly ChatMessage[]>,
  queued: ReadonlyMap<string, readonly string[]> = new Map(),
): string[] {
  const known = new Set(jobs.map(({ job_id: jobId }) => String(jobId)));
  return [...chats].flatMap(([chatId, messages]) => {
    const unheard = said
      .filter((one) => one.chatId === chatId)
      .map(({ updateId }) => `${jobPrefix}:${updateId}`)
      .filter((jobId) => !known.has(jobId));
    const told = messages.filter(
      ({ text, from }) => from?.is_bot === true && NO_PROMISE.test(text ?? ""),
    ).length;
    if (unheard.length <= told) return [];
    const lost = unheard.map((id) => `${id} (queue: ${queued.get(id)?.join("; ") ?? "never"})`);
    return [
      `chat ${chatId}: ${unheard.length} commands left no trace, ${told} of them were told so, ` +
        `among ${lost.join(", ")}`,
    ];
  });
}

/** The wallets on the chain against the open positions, to the base unit. */
async function findUnbooked(world: World, dataDir: string): Promise<string[]> {
  const wallets = readJournal(dataDir, "select wallet_id, address from wallets");
  const problems: string[] = [];
  for (const { wallet_id: walletId, address } of wallets) {
    for (const { mint } of world.file.mints) {
      const sql = `select quantity from positions where state = 'open'
        and wallet_id = '${String(walletId)}' and instrument = '${mint}.SOLANA'`;
      const booked = BigInt(readJournal(dataDir, sql)[0]?.["quantity"] ?? 0);
      const held = await heldOf(world, String(address), mint);
      if (held !== booked) problems.push(`${mint}: chain ${held}, ledger ${booked}`);
    }
  }
  return problems;
}

async function heldOf(world: World, owner: string, mint: string): Promise<bigint> {
  const body = {
    jsonrpc: "2.0",
    id: 1,
    method: "getTokenAccountsByOwner",
    params: [owner, { mint }, { encoding: "jsonParsed", commitment: "confirmed" }],
  };
  const response = await fetch(world.file.rpc, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { result } = (await response.json()) as {
    result: { value: { account: { data: { parsed: { info: TokenInfo } } } }[] };
  };
  return result.value.reduce(
    (sum, { account }) => sum + BigInt(account.data.parsed.info.tokenAmount.amount),
    0n,
  );
}

interface TokenInfo {
  tokenAmount: { amount: string };
}

/** More than one execution for one order, more than one order for one job, unbooked executions. */
function findDoubles(landed: readonly Record<string, unknown>[], dataDir: string): string[] {
  const problems: string[] = [];
  const byOrder = new Map<string, number>();
  for (const { order_id: orderId } of landed) {
    byOrder.set(String(orderId), (byOrder.get(String(orderId)) ?? 0) + 1);
  }
  for (const [orderId, count] of byOrder) {
    if (count > 1) problems.push(`order ${orderId} was executed ${count} times`);
  }
  const fills = new Set(
    readJournal(dataDir, "select attempt_id from fills where state != 'reversed'").map((row) =>
      String(row["attempt_id"]),
    ),
  );
  for (const { attempt_id: attemptId } of landed) {
    if (!fills.delete(String(attemptId))) problems.push(`${String(attemptId)} is not booked`);
  }
  for (const attemptId of fills) problems.push(`${attemptId} is booked and was not executed`);
  // A panic sells every position of its person, so it alone makes several orders.
  const sql = `select json_extract(source, '$.jobId') as job, count(*) as n from orders
    where json_extract(source, '$.kind') = 'job' group by job having n > 1`;
  for (const { job, n } of readJournal(dataDir, sql)) {
    problems.push(`job ${String(job)} made ${String(n)} orders`);
  }
  return problems;
}

function findMissingReceipts(
  dataDir: string,
  chats: ReadonlyMap<number, readonly ChatMessage[]>,
): string[] {
  const sql = `select o.order_id, ${LIVE_ORDER_SQL} as is_live, n.chat_id, n.message_id
    from orders o left join notices n on n.key = 'order:' || o.order_id`;
  return readJournal(dataDir, sql)
    .filter(({ chat_id: chatId, message_id: messageId, is_live: isLive }) => {
      const messages = chats.get(Number(chatId)) ?? [];
      const receipt = messages.find((message) => message.message_id === Number(messageId));
      if (receipt === undefined) return true;
      // A message that nobody took to its end is no receipt.
      return isLive === 0 && receipt.text?.includes(UNDER_WAY) === true;
    })
    .map(({ order_id: orderId }) => String(orderId));
}

/**
 * Messages that the desk sent and has no record of: it died between Telegram's answer and its own
 * note, and told the same again in another message. Each death can leave one in each chat.
 */
function countUnrecorded(
  dataDir: string,
  chats: ReadonlyMap<number, readonly ChatMessage[]>,
): number {
  const known = new Set(
    readJournal(dataDir, "select chat_id, message_id from notices").map(
      (row) => `${String(row["chat_id"])}:${String(row["message_id"])}`,
    ),
  );
  const unknown = [...chats].flatMap(([chatId, messages]) =>
    messages.filter(({ message_id: id, from }) => {
      return from?.is_bot === true && !known.has(`${chatId}:${id}`);
    }),
  );
  return unknown.filter(({ text }) => !FROM_EDGE.test(text ?? "")).length;
}

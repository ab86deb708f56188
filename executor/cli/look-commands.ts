import { join } from "node:path";
import { z } from "zod";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import {
  positionViewSchema,
  statusViewSchema,
  type PositionView,
  type StatusView,
} from "@raptor/shared/wire/read.ts";
import { positionViewsOf } from "../engine/read-models.ts";
import { withJournalReader, type JournalReader } from "../store/read-journal.ts";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";
import { askOperator } from "./operator-client.ts";

const FROM_JOURNAL = "No executor answers here; this is what the journal says.";

/** How the desk is: asked of the executor, or read from the journal when none answers. */
export async function runStatus(command: Command): Promise<ExitCode> {
  const { dataDir, print } = command;
  const reply = await askOperator(dataDir, { cmd: "status" });
  if (reply.kind === "answer" && reply.answer.ok) {
    const status = statusViewSchema.parse(reply.answer.result);
    if (command.has("json")) print(JSON.stringify(status, null, 2));
    else tellStatus(status, print);
    const isWell = Object.values(status.dependencies).every(({ ok }) => ok);
    return isWell ? EXIT.fine : EXIT.problem;
  }
  const { cause } = reply.kind === "answer" ? { cause: "it refused" } : reply;
  print(`${FROM_JOURNAL} (${cause})`);
  withJournalReader(join(dataDir, JOURNAL_FILE), (reader) => tellJournal(reader, print));
  return EXIT.problem;
}

function tellStatus(status: StatusView, print: (line: string) => void): void {
  print(`phase          ${status.phase}, epoch ${status.epoch}, release ${status.version}`);
  print(`trading        ${status.tradingState} ${reasonOf(status.tradingStateReason)}`.trimEnd());
  print(`positions      ${status.openPositions} open`);
  print(`attempts       ${status.unresolvedAttempts} not decided`);
  print(`waiting        ${status.pendingJobs} jobs, ${status.pendingNotices} notices`);
  print(`journal        event ${status.journalSeq}`);
  const { lastReconcile } = status;
  if (lastReconcile !== null) {
    const { atMs, drift } = lastReconcile;
    print(`reconciled     ${isoOf(atMs)}, ${drift.length} differences`);
  }
  for (const [name, { ok, detail }] of Object.entries(status.dependencies)) {
    print(`${ok ? "ok     " : "PROBLEM"} ${name}: ${detail}`);
  }
}

function tellJournal(reader: JournalReader, print: (line: string) => void): void {
  const { tradingState, reason, by } = reader.control();
  const whose = by === "" ? "" : ` by ${by}`;
  print(`trading        ${tradingState}${whose} ${reasonOf(reason)}`.trimEnd());
  print(`positions      ${reader.openPositionCount()} open`);
  print(`attempts       ${reader.unresolvedAttemptCount()} not decided`);
  print(`orders         ${reader.openOrders().length} under way`);
  print(
    `waiting        ${reader.pendingJobs().length} jobs, ${reader.outboxPendingCount()} notices`,
  );
  print(`journal        event ${reader.headSeq()}, epoch ${reader.epoch()}`);
  const mark = reader.recoveryMark();
  if (mark !== undefined) print(`put back       ${isoOf(mark.atMs)} from ${mark.from}`);
}

/** What is open, with live prices when an executor answers. */
export async function runPositions(command: Command): Promise<ExitCode> {
  const { dataDir, print } = command;
  const reply = await askOperator(dataDir, { cmd: "positions" });
  const isLive = reply.kind === "answer" && reply.answer.ok;
  const positions =
    reply.kind === "answer" && reply.answer.ok
      ? z.array(positionViewSchema).parse(reply.answer.result)
      : withJournalReader(join(dataDir, JOURNAL_FILE), (reader) => positionViewsOf(reader, null));
  if (command.has("json")) {
    print(JSON.stringify(positions, null, 2));
    return EXIT.fine;
  }
  if (!isLive) print(`${FROM_JOURNAL} Prices are not known.`);
  if (positions.length === 0) print("nothing is open");
  for (const position of positions) tellPosition(position, print);
  return EXIT.fine;
}

function tellPosition(position: PositionView, print: (line: string) => void): void {
  const quantity = formatDecimal(BigInt(position.quantity), position.decimals);
  const value =
    position.valueLamports === null ? "not known" : `${sol(position.valueLamports)} SOL`;
  const exits = position.exits.map((rule) => `${rule.kind} ${priceOf(rule.triggerPriceE9)}`);
  print(`${position.positionId}  person ${position.userId}  ${position.symbol}  ${position.mint}`);
  print(`  holds ${quantity}, cost ${sol(position.costLamports)} SOL, worth ${value}`);
  const mark = position.markPriceE9 === null ? "" : `, now ${priceOf(position.markPriceE9)}`;
  print(`  entry ${priceOf(position.entryPriceE9)}${mark}`);
  print(`  exits ${exits.length === 0 ? "NONE ARMED" : exits.join(", ")}`);
}

function sol(lamports: string): string {
  return formatDecimal(BigInt(lamports), SOL_DECIMALS);
}

function priceOf(priceE9: string): string {
  return `${formatDecimal(BigInt(priceE9), 2 * SOL_DECIMALS)} SOL`;
}

function reasonOf(reason: string): string {
  return reason === "" ? "" : `(${reason})`;
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

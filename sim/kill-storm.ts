import { parseArgs } from "node:util";
import { judgeStorm } from "./storm/judge-storm.ts";
import { runStorm, type StormReport } from "./storm/run-storm.ts";

/** `pnpm storm`: real processes, killed at every point of the order's life. */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "42" },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed) || seed < 0) {
  throw new Error("expected --kills and --seed to be whole numbers");
}
process.stdout.write(`kill storm: ${kills} kills, seed ${seed}\n`);
const report = await runStorm({
  kills,
  seed,
  onKill: (done, name) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${done}/${kills} ${name.padEnd(32)}`);
    else if (done % 50 === 0) process.stdout.write(`${done} kills\n`);
  },
});
printReport(report);
const problems = judgeStorm(report);
for (const problem of problems) process.stdout.write(`  ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function printReport(storm: StormReport): void {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say("");
  for (const [name, count] of [...storm.byPoint].toSorted(([a], [b]) => a.localeCompare(b))) {
    say(
      `  ${name.padEnd(28)} ${String(count.kills).padStart(5)} kills, ` +
        `${count.unresolved} with an attempt not decided`,
    );
  }
  const { jobs, orders, attempts, fills, events } = storm;
  say(
    `${storm.kills} kills (${storm.unresolvedKills} with an attempt not decided) in ` +
      `${(storm.tookMs / 1_000).toFixed(0)} s; ${storm.presses} presses`,
  );
  say(`${events} events: ${jobs} jobs, ${orders} orders, ${attempts} attempts, ${fills} fills`);
  say(
    `lost ${storm.lost.length}, double ${storm.double.length}, ` +
      `missing receipts ${storm.missingReceipts.length}, repeated notices ${storm.repeatedNotices}`,
  );
  say(`the journal ${storm.journal}`);
  for (const deploy of storm.deploys) {
    const { unresolved, stopMs, readyMs, armedAfterMs, armedExits } = deploy;
    say(
      `deploy with ${unresolved} attempts not decided: stopped in ${stopMs.toFixed(0)} ms, ` +
        `ready ${readyMs.toFixed(0)} ms after the start, ${armedExits} exits armed ` +
        `${armedAfterMs.toFixed(0)} ms after the journal was open`,
    );
  }
}

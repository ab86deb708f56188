import { parseArgs } from "node:util";
import { judgeStorm } from "./storm/judge-storm.ts";
import type { StormReport } from "./storm/run-storm.ts";
import { runWorlds } from "./storm/run-worlds.ts";

/** `pnpm storm`: real processes, killed at every point of the order's life. */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "42" },
    worlds: { type: "string", default: "2" },
    minutes: { type: "string", default: "Infinity" },
    keep: { type: "string" },
  },
});
const [kills, seed, worlds] = [values.kills, values.seed, values.worlds].map(Number) as [
  number,
  number,
  number,
];
if (![kills, worlds].every((value) => Number.isSafeInteger(value) && value >= 1)) {
  throw new Error("expected --kills and --worlds to be whole numbers above 0");
}
const minutesMax = Number(values.minutes);
if (!(minutesMax > 0)) throw new Error("expected --minutes above 0");
if (!Number.isSafeInteger(seed) || seed < 0) throw new Error("expected --seed as a whole number");
process.stdout.write(`kill storm: ${kills} kills in ${worlds} worlds, seed ${seed}\n`);
const report = await runWorlds({
  kills,
  seed,
  worlds,
  minutesMax,
  keepIn: values.keep,
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
    const { tries, kills: met, unresolved, livedMs } = count;
    const planned = tries === 0 ? "" : ` of ${tries} tries`;
    const lived = met === 0 ? "" : `, after ${(livedMs / met / 1_000).toFixed(1)} s each`;
    say(
      `  ${name.padEnd(28)} ${String(met).padStart(5)} kills${planned}, ` +
        `${unresolved} with an attempt not decided${lived}`,
    );
  }
  const { jobs, orders, attempts, fills, events, resigned, replaced, reversed } = storm;
  say(
    `${storm.kills} of ${kills} kills (${storm.unresolvedKills} with an attempt not decided) in ` +
      `${(storm.tookMs / 1_000).toFixed(0)} s; ${storm.presses} presses`,
  );
  say(`${events} events: ${jobs} jobs, ${orders} orders, ${attempts} attempts, ${fills} fills`);
  say(
    `${resigned} orders signed anew after a proof of death, ${replaced} dearer copies on a nonce, ` +
      `${reversed} fills taken back after forks that undid ${storm.forked} transactions`,
  );
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

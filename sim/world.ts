import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startWorld, type WorldFile } from "./local/start-world.ts";

const STATE_DIR = join(fileURLToPath(new URL("..", import.meta.url)), ".raptor");

/** `npm start`: the whole desk on this machine, with stand-ins for everything outside. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: { seed: { type: "string", default: "42" }, state: { type: "string" } },
  });
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(`expected --seed to be a whole number from 0 up, was "${values.seed}"`);
  }
  const startedMs = performance.now();
  const onProgress = (step: string): void => {
    process.stdout.write(`  ${((performance.now() - startedMs) / 1_000).toFixed(1)} s  ${step}\n`);
  };
  process.stdout.write(`Raptor: starting a new local world, seed ${seed}\n`);
  let isStopping = false;
  const stateDir = values.state ?? STATE_DIR;
  const executorEnv = { SEND_LANES: "jito,helius,jupiter", PRIORITY_FEE_LAMPORTS_MAX: "4000000" };
  const starting = startWorld({ seed, stateDir, onProgress, executorEnv });
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    process.stdout.write("\nStopping: drain, close, end.\n");
    await (await starting).close();
    process.stdout.write("Stopped.\n");
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void stop());
  }
  const world = await starting;
  process.stdout.write(banner(world.file, join(stateDir, "world.json")));
}

function banner(file: WorldFile, worldPath: string): string {
  const token = file.mints.find((entry) => entry.kind === "normal") ?? file.mints[0];
  return [
    "",
    `  Chat        ${file.chat}`,
    `  Dashboard   ${file.dashboard}`,
    `  Admin token ${file.adminToken}  (for the dashboard)`,
    `  Status API  ${file.edge}/v1/status`,
    `  A mint      ${token?.mint ?? ""}  (${token?.symbol ?? ""})`,
    `  Everything  ${relative(process.cwd(), worldPath)}`,
    "",
    "  Alice (admin) and Bob may trade and get 10 play SOL each; Mallory is a stranger.",
    "  Ready: type /start in the chat, then paste the mint. Ctrl-C stops everything.",
    "",
  ].join("\n");
}

try {
  await main();
} catch (error) {
  const problem = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\nRaptor could not start: ${problem}\n`);
  process.exit(1);
}

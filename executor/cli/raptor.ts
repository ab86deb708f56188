#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { createNodeNet } from "../server/node-net.ts";
import { createNodeClock } from "../server/node-seams.ts";
import { EXIT, JOURNAL_FILE, type CliSeams, type Command, type ExitCode } from "./command.ts";
import { COMMANDS, USAGE } from "./commands.ts";

/** Runs one command. Never throws for what can go wrong outside; docs/cli.md has the exit codes. */
export async function runCli(argv: readonly string[], given: CliSeams): Promise<ExitCode> {
  const seams = { ...given, print: (line: string) => given.print(harmless(line)) };
  const { words, options } = parseArguments(argv);
  const [name = "", ...rest] = words;
  const spec = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const dataDir = options.get("data") ?? seams.env["DATA_DIR"];
  const isKnown = spec !== undefined && [...options.keys()].every((key) => isOption(spec, key));
  if (!isKnown || dataDir === undefined || dataDir === "" || !isCount(spec, rest.length)) {
    seams.print(USAGE);
    return EXIT.usage;
  }
  const journal = join(dataDir, JOURNAL_FILE);
  if (spec.needsJournal && !existsSync(journal)) {
    seams.print(`there is no journal at ${journal}`);
    return EXIT.usage;
  }
  const command: Command = {
    ...seams,
    dataDir,
    words: rest,
    has: (flag) => options.has(flag),
    option: (key) => options.get(key),
  };
  try {
    return await spec.run(command);
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    seams.print(`${error.code}: ${error.message}`);
    return isRaptorError(error, "RAPTOR_JOURNAL__LOCKED") ? EXIT.refused : EXIT.failed;
  }
}

/** Names, reasons and errors come from strangers, and a terminal obeys what it is shown. */
function harmless(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, "\uFFFD");
}

type Spec = (typeof COMMANDS)[string];

function isOption(spec: Spec, key: string): boolean {
  return key === "data" || (spec.flags ?? []).includes(key) || (spec.options ?? []).includes(key);
}

function isCount({ wordsMin = 0, wordsMax = wordsMin }: Spec, count: number): boolean {
  return count >= wordsMin && count <= wordsMax;
}

/** `--name` alone is a switch; the value of a valued one is the next word. */
function parseArguments(argv: readonly string[]): {
  words: string[];
  options: Map<string, string>;
} {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    if (!word.startsWith("--")) words.push(word);
    else if (VALUED.has(word.slice(2))) options.set(word.slice(2), argv[++index] ?? "");
    else options.set(word.slice(2), "");
  }
  return { words, options };
}

const VALUED = new Set(["data", "from", "vault-from", "keep-days"]);

if (import.meta.main) {
  process.exitCode = await runCli(process.argv.slice(2), {
    env: process.env,
    clock: createNodeClock(),
    openNet: createNodeNet,
    print: (line) => process.stdout.write(`${line}\n`),
  });
}

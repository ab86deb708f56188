import { availableParallelism } from "node:os";

export type SimCommand =
  | { kind: "seeds"; from: number; count: number }
  | { kind: "minutes"; from: number; minutes: number }
  | { kind: "one"; seed: number };

export interface SimArguments {
  command: SimCommand;
  jobs: number;
  isTraced: boolean;
  /** Runs every seed twice and compares. */
  isDeterminismChecked: boolean;
  /** Fails when something that should be met was met too rarely. */
  isCoverageJudged: boolean;
  /** Leaves sim/regressions.txt alone: neither run nor written. */
  hasRegressions: boolean;
}

export const SIM_USAGE = `usage: pnpm sim [--seeds N [--from S] | --minutes M | --seed N [--trace]] [--jobs N]
                [--check-determinism] [--coverage] [--no-regressions]
       pnpm sim --mutants | --mutant NAME

  --seeds N            run N seeds (200 when nothing else is said), from S on (1)
  --minutes M          run seeds until M minutes have passed
  --seed N             run one seed; --trace tells it as a timeline
  --jobs N             processes, one a core unless given
  --check-determinism  run every seed twice and compare journal and trace
  --coverage           fail when an expected fault or transition was met fewer than 100 times
  --no-regressions     neither run nor write sim/regressions.txt
  --mutants            plant every known mistake in turn; each must be found
  --mutant NAME        plant one`;

const FLAGS = ["--trace", "--check-determinism", "--coverage", "--no-regressions"];
const NUMBERS = ["--seeds", "--from", "--minutes", "--seed", "--jobs"];
const SEEDS_DEFAULT = 200;

/** @throws Error with the usage for anything that is not understood. */
export function parseSimArguments(argv: readonly string[]): SimArguments {
  const numbers = new Map<string, number>();
  const flags = new Set<string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") continue;
    if (FLAGS.includes(word)) flags.add(word);
    else if (NUMBERS.includes(word)) {
      const text = argv[++at] ?? "";
      if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(SIM_USAGE);
      numbers.set(word, Number(text));
    } else throw new Error(SIM_USAGE);
  }
  return {
    command: commandOf(numbers),
    jobs: numbers.get("--jobs") ?? availableParallelism(),
    isTraced: flags.has("--trace"),
    isDeterminismChecked: flags.has("--check-determinism"),
    isCoverageJudged: flags.has("--coverage"),
    hasRegressions: !flags.has("--no-regressions"),
  };
}

function commandOf(numbers: ReadonlyMap<string, number>): SimCommand {
  const seed = numbers.get("--seed");
  if (seed !== undefined) return { kind: "one", seed };
  const from = numbers.get("--from") ?? 1;
  const minutes = numbers.get("--minutes");
  if (minutes !== undefined) return { kind: "minutes", from, minutes };
  return { kind: "seeds", from, count: numbers.get("--seeds") ?? SEEDS_DEFAULT };
}

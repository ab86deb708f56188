import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, delimiter, join, posix, relative } from "node:path";
import {
  createContextFilter,
  parseDockerfile,
  parseEnvironment,
  parseWords,
  type Instruction,
  type Stage,
} from "./dockerfile.ts";

/** What the last stage came to: its file system as a folder, and how its process is started. */
export interface ScratchImage {
  root: string;
  env: Record<string, string>;
  command: string[];
  /** Base images of all stages, which a machine without a container engine cannot have. */
  bases: string[];
}

interface BuiltStage {
  root: string;
  workdir: string;
  env: Record<string, string>;
  entrypoint: string[];
  cmd: string[];
}

/** What is taken out of other people's images; nothing else may be. */
const FOREIGN_FILES: readonly string[] = [
  "/usr/local/bin/litestream",
  "/etc/ssl/certs/ca-certificates.crt",
];
/** Anything but the package manager and a script of ours would change the machine that runs it. */
const RUNNABLE = /^(npx -y pnpm@[\d.]+ install |\/app\/executor\/[a-z-]+\.sh$)/;
const RUN_TIMEOUT_MS = 90_000;

/**
 * Follows a Dockerfile in an empty folder: copies only what it copies and .dockerignore lets pass,
 * runs what it runs. @throws for an instruction that it does not know.
 */
export function buildScratchImage(context: string, into: string): ScratchImage {
  const stages = parseDockerfile(readFileSync(join(context, "Dockerfile"), "utf8"));
  const isVisible = createContextFilter(readFileSync(join(context, ".dockerignore"), "utf8"));
  const built = new Map<string, BuiltStage>();
  let last: BuiltStage | undefined;
  for (const stage of stages) {
    last = buildStage({ stage, context, into, isVisible, built });
    built.set(stage.name, last);
  }
  if (last === undefined) throw new Error("expected at least one stage");
  const command = [...last.entrypoint, ...last.cmd].map((word) => insideOf(last, word));
  return { root: last.root, env: last.env, command, bases: stages.map(({ base }) => base) };
}

interface StageBuild {
  stage: Stage;
  context: string;
  into: string;
  isVisible(path: string): boolean;
  built: ReadonlyMap<string, BuiltStage>;
}

function buildStage(build: StageBuild): BuiltStage {
  const root = join(build.into, build.stage.name);
  mkdirSync(root, { recursive: true });
  const made: BuiltStage = { root, workdir: "/", env: {}, entrypoint: [], cmd: [] };
  for (const instruction of build.stage.instructions) apply(build, made, instruction);
  return made;
}

function apply(build: StageBuild, made: BuiltStage, { keyword, text }: Instruction): void {
  switch (keyword) {
    case "WORKDIR":
      made.workdir = text;
      mkdirSync(join(made.root, text), { recursive: true });
      return;
    case "ENV":
      Object.assign(made.env, parseEnvironment(text));
      return;
    case "COPY":
      return copy(build, made, text.split(/\s+/));
    case "RUN":
      return run(made, text);
    case "ENTRYPOINT":
      made.entrypoint = parseWords(text);
      return;
    case "CMD":
      made.cmd = parseWords(text);
      return;
    case "EXPOSE":
      return;
    default:
      throw new Error(`expected an instruction of our Dockerfile, was ${keyword} ${text}`);
  }
}

function copy(build: StageBuild, made: BuiltStage, words: string[]): void {
  const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
  const target = words.pop() ?? "";
  const to = join(made.root, posix.resolve(made.workdir, target));
  for (const source of words) {
    if (from === undefined) copyVisible(build, source, to, target.endsWith("/"));
    else copyFromStage(build.built.get(from), source, to);
  }
}

function copyVisible(build: StageBuild, source: string, to: string, isFolder: boolean): void {
  const path = join(build.context, source);
  if (!existsSync(path) || !build.isVisible(source)) {
    throw new Error(`COPY ${source}: the build does not get to see it`);
  }
  const isFileIntoFolder = isFolder && !statSync(path).isDirectory();
  cpSync(path, isFileIntoFolder ? join(to, basename(source)) : to, {
    recursive: true,
    filter: (file) => build.isVisible(relative(build.context, file)),
  });
}

function copyFromStage(stage: BuiltStage | undefined, source: string, to: string): void {
  if (stage === undefined) throw new Error(`COPY ${source}: from a stage that does not exist`);
  const path = join(stage.root, source);
  if (existsSync(path)) return cpSync(path, to, { recursive: true, verbatimSymlinks: true });
  if (!FOREIGN_FILES.includes(source)) throw new Error(`COPY ${source}: not made by its stage`);
}

function run(made: BuiltStage, command: string): void {
  if (!RUNNABLE.test(command)) throw new Error(`RUN ${command}: not a command that may run here`);
  // Without the folder of this project's programs, which no image has.
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((part) => !part.includes("node_modules"));
  const own = Object.entries(made.env).map(([name, value]) => [name, insideOf(made, value)]);
  const { status, stdout, stderr } = spawnSync("sh", ["-ec", insideOf(made, command)], {
    cwd: join(made.root, made.workdir),
    env: {
      ...process.env,
      ...Object.fromEntries(own),
      PATH: [join(process.execPath, ".."), ...path].join(delimiter),
    },
    encoding: "utf8",
    timeout: RUN_TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}: ${stdout}${stderr}`);
}

/** A path of the image as a path of this machine; other words stay. */
function insideOf({ root }: BuiltStage, word: string): string {
  return word.startsWith("/") ? join(root, word) : word;
}

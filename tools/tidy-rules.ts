import { posix } from "node:path";
import { ROOM_TABLE, SEALED_ROOMS, type RoomRule } from "./room-table.ts";

export interface SourceFile {
  /** From the root, with forward slashes. */
  path: string;
  text: string;
}

export const COLUMNS_MAX = 100;
export const FILE_LINES_MAX = 500;

interface Ban {
  pattern: RegExp;
  instead: string;
  /** Only files for which this holds are looked at. */
  appliesTo(path: string): boolean;
}

const isTest = (path: string): boolean =>
  /\.test\.ts$|\/(testing|fixtures|scenarios)\/|-fixture\.ts$|\/fake-[\w-]+\.ts$/.test(path);
const isProduction = (path: string): boolean =>
  /^(shared|edge|executor)\//.test(path) && !isTest(path);
/** Real clocks, chance and sockets are made here and handed on. */
const SEAM_MAKERS: readonly string[] = [
  "executor/main.ts",
  "executor/launch.ts",
  "executor/server/node-seams.ts",
  "executor/server/node-net.ts",
  "edge/index.ts",
];
const needsSeams = (path: string): boolean =>
  isProduction(path) &&
  !SEAM_MAKERS.includes(path) &&
  !path.startsWith("executor/signer/") &&
  !path.startsWith("executor/cli/") &&
  !path.startsWith("edge/dashboard/");

const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, instead: "Clock.nowMs", appliesTo: needsSeams },
  { pattern: /\bperformance\.now\(/, instead: "Clock.monotonicMs", appliesTo: needsSeams },
  { pattern: /\bMath\.random\(/, instead: "Prng", appliesTo: (path) => path.endsWith(".ts") },
  { pattern: /\b(setTimeout|setInterval|setImmediate)\(/, instead: "Clock", appliesTo: needsSeams },
  { pattern: /\bAbortSignal\.timeout\(/, instead: "NetRequest.timeoutMs", appliesTo: needsSeams },
  { pattern: /(?<![.\w#])fetch\((?!\w+\??:)/, instead: "Net.fetch", appliesTo: needsSeams },
  { pattern: /\brandomUUID\(/, instead: "IdSource", appliesTo: needsSeams },
  { pattern: /\bprocess\.env\b/, instead: "env.ts", appliesTo: readsNoEnvironment },
  { pattern: /\bparse_mode\b/, instead: "entities", appliesTo: isProduction },
  { pattern: /@ts-ignore|@ts-expect-error/, instead: "a type that fits", appliesTo: isCode },
  { pattern: /\bas unknown as\b/, instead: "a schema or a type guard", appliesTo: isProduction },
  { pattern: /\.(skip|only|todo)\(/, instead: "a test that runs", appliesTo: isTest },
  { pattern: /\b(TODO|FIXME|XXX)\b/, instead: "doing it, or an issue", appliesTo: isCode },
  { pattern: /127\.0\.0\.1|localhost/, instead: "a setting", appliesTo: isProduction },
  { pattern: /\bcancelled\b/, instead: "canceled", appliesTo: isProduction },
];

function isCode(path: string): boolean {
  return path.endsWith(".ts") && !path.startsWith("tools/tidy");
}

function readsNoEnvironment(path: string): boolean {
  const readers = ["executor/main.ts", "executor/launch.ts", "executor/cli/raptor.ts"];
  return isProduction(path) && !readers.includes(path);
}

/** `// sim-ok: reason` on the line, or on the one above, lets a banned thing pass. */
const ESCAPE = /(?:sim-ok|tidy-ok): \S/;

export function checkBans(file: SourceFile): string[] {
  const problems: string[] = [];
  const lines = file.text.split("\n");
  lines.forEach((line, at) => {
    if (ESCAPE.test(line) || ESCAPE.test(lines[at - 1] ?? "")) return;
    for (const ban of BANS) {
      if (!ban.appliesTo(file.path) || !ban.pattern.test(stripComment(line))) continue;
      problems.push(`${file.path}:${at + 1}: ${ban.pattern.source}, use ${ban.instead}`);
    }
  });
  return problems;
}

function stripComment(line: string): string {
  return /^\s*(\/\/|\*|\/\*)/.test(line) && !/TODO|FIXME|XXX/.test(line) ? "" : line;
}

export function checkShape(file: SourceFile): string[] {
  const lines = file.text.split("\n");
  const problems: string[] = [];
  if (lines.length > FILE_LINES_MAX) {
    problems.push(`${file.path}: ${lines.length} lines, at most ${FILE_LINES_MAX}`);
  }
  lines.forEach((line, at) => {
    // Counted in characters as an editor shows them; addresses, links and prose in strings stay.
    if (line.length > COLUMNS_MAX && !/["'`]|https?:|\/\//.test(line)) {
      problems.push(`${file.path}:${at + 1}: ${line.length} columns, at most ${COLUMNS_MAX}`);
    }
  });
  const name = posix.basename(file.path);
  if (/^(utils?|helpers?|types|misc|common)\.ts$/.test(name)) {
    problems.push(`${file.path}: name the one thing inside`);
  }
  if (!/^[a-z0-9.-]+$/.test(name)) problems.push(`${file.path}: expected kebab-case`);
  return problems;
}

/** Import specifiers of a module, type imports and dynamic ones included. */
export function importsOf(text: string): string[] {
  const found: string[] = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s+["']([^"']+)["']/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3];
    if (specifier !== undefined) found.push(specifier);
  }
  return found;
}

/** Refuses every import that the room table does not allow. */
export function checkImports(file: SourceFile): string[] {
  const rule = roomOf(file.path);
  if (rule === undefined || isTest(file.path)) return [];
  const problems: string[] = [];
  for (const specifier of importsOf(file.text)) {
    const target = targetOf(file.path, specifier);
    if (target === undefined) {
      const isForbidden = rule.packages !== undefined && !isAllowedPackage(rule, specifier);
      if (isForbidden) problems.push(`${file.path}: ${rule.room} may not use ${specifier}`);
      continue;
    }
    if (!mayImport(rule, file.path, target)) {
      problems.push(`${file.path}: ${rule.room} may not import ${target}`);
    }
  }
  return problems;
}

function isAllowedPackage(rule: RoomRule, specifier: string): boolean {
  if (specifier.startsWith("node:")) return !rule.room.startsWith("shared/");
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return (rule.packages ?? []).includes(name);
}

/** The room with the longest prefix; `*` takes one folder, so that venues differ. */
export function roomOf(path: string): RoomRule | undefined {
  const rules = ROOM_TABLE.filter((rule) => path.startsWith(`${prefixOf(rule.room, path)}/`));
  return rules.toSorted((a, b) => b.room.length - a.room.length)[0];
}

function prefixOf(room: string, path: string): string {
  if (!room.endsWith("/*")) return room;
  const depth = room.split("/").length;
  return path.startsWith(room.slice(0, -1)) ? path.split("/").slice(0, depth).join("/") : room;
}

function targetOf(from: string, specifier: string): string | undefined {
  const workspace = /^@raptor\/(shared|edge|executor|sim)\/(.+)$/.exec(specifier);
  if (workspace !== null) return `${workspace[1]}/${workspace[2]}`;
  if (!specifier.startsWith(".")) return undefined;
  return posix.normalize(posix.join(posix.dirname(from), specifier));
}

function mayImport(rule: RoomRule, from: string, target: string): boolean {
  const own = prefixOf(rule.room, from);
  for (const [room, open] of Object.entries(SEALED_ROOMS)) {
    const isInside = own === room || own.startsWith(`${room}/`);
    if (!isInside && target.startsWith(`${room}/`) && !open.includes(target)) return false;
  }
  if (target.startsWith(`${own}/`)) return true;
  return rule.mayImport.some((room) => target.startsWith(`${room}/`));
}

/** Links in documents that lead nowhere. `exists` is asked with a path from the root. */
export function checkLinks(file: SourceFile, exists: (path: string) => boolean): string[] {
  const problems: string[] = [];
  for (const match of file.text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
    const target = posix.normalize(posix.join(posix.dirname(file.path), match[1] ?? ""));
    if (!exists(target)) problems.push(`${file.path}: the link to ${match[1]} leads nowhere`);
  }
  return problems;
}

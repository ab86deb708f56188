/** One instruction of a Dockerfile, continuation lines joined, comments gone. */
export interface Instruction {
  keyword: string;
  text: string;
}

/** From one FROM to the next. */
export interface Stage {
  name: string;
  /** The image or the earlier stage that it starts from. */
  base: string;
  instructions: Instruction[];
}

/** Reads the few forms that our Dockerfile uses. @throws for a line before the first FROM. */
export function parseDockerfile(text: string): Stage[] {
  const joined = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .replace(/\s*\\\n\s*/g, " ");
  const stages: Stage[] = [];
  for (const line of joined.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const [, keyword = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === "FROM") {
      const [base = "", , name = String(stages.length)] = rest.split(/\s+/);
      stages.push({ name, base, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined || keyword === "") throw new Error(`expected FROM, was "${line}"`);
    stage.instructions.push({ keyword, text: rest });
  }
  return stages;
}

/** The words of an ENTRYPOINT or CMD in its JSON form. */
export function parseWords(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Error(`expected a JSON list of words, was ${text}`);
}

export function parseEnvironment(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\s+/).map((pair) => {
      const [, name, value] = /^(\w+)=(\S*)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined) throw new Error(`expected A=b, was ${pair}`);
      return [name, value];
    }),
  );
}

/**
 * Whether the build gets to see a file, by the rules of .dockerignore that ours uses: `*`, `!name`,
 * `name` and a leading `**` for any depth; the last rule that matches the file or a folder above
 * it decides.
 */
export function createContextFilter(ignoreText: string): (path: string) => boolean {
  const rules = ignoreText
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const isIncluded = line.startsWith("!");
      const pattern = isIncluded ? line.slice(1) : line;
      return { isIncluded, expression: expressionOf(pattern) };
    });
  return (path) => {
    let isVisible = true;
    for (const { isIncluded, expression } of rules) {
      if (expression.test(path)) isVisible = isIncluded;
    }
    return isVisible;
  };
}

function expressionOf(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((part) => part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll(/\*+/g, starOf))
    .join("/");
  return new RegExp(`^${source.replace("(?:.*)/", "(?:.*/)?")}(?:/|$)`);
}

function starOf(stars: string): string {
  return stars.length > 1 ? "(?:.*)" : "[^/]*";
}

import type { Theme } from "../vopr/themes.ts";

/** One change of one production file; `find` stands in it exactly once. */
export interface Edit {
  /** From the root of the repository. */
  file: string;
  find: string;
  replace: string;
}

/** A mistake planted into production code, to see whether the simulator sees it. */
export interface Mutant {
  name: string;
  /** The rival or the mistake that it reproduces, and what a person would lose by it. */
  story: string;
  /** More than one only where a second line guards against the same mistake. */
  edits: readonly Edit[];
  /** Where it shows, if a seed of any kind rarely goes there. */
  theme?: Theme;
}

/** The mutant with one edit that nearly all are. */
export function mutant(
  name: string,
  story: string,
  file: string,
  find: string,
  replace: string,
  theme?: Theme,
): Mutant {
  const edits = [{ file, find, replace }];
  return theme === undefined ? { name, story, edits } : { name, story, edits, theme };
}

/** @throws when `find` is not there exactly once: the mutant has rotted and would prove nothing. */
export function applyEdit(source: string, { file, find, replace }: Edit, name: string): string {
  const count = source.split(find).length - 1;
  if (count !== 1) {
    throw new Error(`mutant ${name}: expected its text once in ${file}, was ${count} times`);
  }
  return source.replace(find, () => replace);
}

/** Killed by the clock, as it was planned. */
export const AT_RANDOM = "at a random moment";
/** Killed by the clock, a moment after blocks were undone. */
export const AFTER_FORK = "right after a fork";
/** Killed by the clock, because the desk did not come to the planned point. */
export const NOT_REACHED = "at no point (given up)";

export interface KillCount {
  /** How often a death was planned here. */
  tries: number;
  kills: number;
  /** Of these, with at least one attempt not decided at the moment of death. */
  unresolved: number;
  /** From the start of the process to its death, over all deaths, milliseconds. */
  livedMs: number;
}

export interface Death {
  name: string;
  isUnresolved: boolean;
  livedMs: number;
}

const NONE: KillCount = { tries: 0, kills: 0, unresolved: 0, livedMs: 0 };

/** Where the desk was to die, and where it died. */
export class KillTally {
  readonly byName = new Map<string, KillCount>();

  note(planned: string, { name, isUnresolved, livedMs }: Death): void {
    this.#add(planned, { ...NONE, tries: 1 });
    this.#add(name, { ...NONE, kills: 1, unresolved: isUnresolved ? 1 : 0, livedMs });
  }

  #add(name: string, more: KillCount): void {
    this.byName.set(name, addCounts(this.byName.get(name), more));
  }
}

export function mergeTallies(
  left: ReadonlyMap<string, KillCount>,
  right: ReadonlyMap<string, KillCount>,
): Map<string, KillCount> {
  const merged = new Map(left);
  for (const [name, count] of right) merged.set(name, addCounts(merged.get(name), count));
  return merged;
}

export function sumOf(byName: ReadonlyMap<string, KillCount>): KillCount {
  return [...byName.values()].reduce(addCounts, NONE);
}

function addCounts(left: KillCount | undefined, right: KillCount): KillCount {
  const known = left ?? NONE;
  return {
    tries: known.tries + right.tries,
    kills: known.kills + right.kills,
    unresolved: known.unresolved + right.unresolved,
    livedMs: known.livedMs + right.livedMs,
  };
}

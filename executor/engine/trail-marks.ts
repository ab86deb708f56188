import { trailingStopE9 } from "../strategies/exit-plan.ts";
import type { TrailTrigger } from "./armed-trigger.ts";
import { BinaryHeap } from "./binary-heap.ts";

/** Trailing stops that have seen the same highest price, the tightest of them on top. */
interface MarkGroup {
  markE9: bigint;
  root: TrailTrigger | undefined;
  /** Where the tightest one sells; undefined until somebody asks after the mark has moved. */
  stopE9: bigint | undefined;
  isDead: boolean;
  isMoved: boolean;
}

/** Dead stops are swept out when there are more of them than of living ones, and this many. */
const SWEEP_MIN = 16;

/**
 * The trailing stops of one instrument. A price raises all marks below it to itself, so that from
 * then on those stops are one group: a new high moves one number, whatever the count of positions,
 * and groups only ever join. The lowest group is compared by hand, the others wait in a heap.
 */
export class TrailMarks {
  #lowest: MarkGroup | undefined;
  /** The groups above it, the next one last. */
  readonly #higher: MarkGroup[] = [];
  readonly #stops = new BinaryHeap<MarkGroup>((a, b) => stopOf(a) > stopOf(b));
  #moved: MarkGroup[] = [];
  #living = 0;
  #dead = 0;

  add(trigger: TrailTrigger): void {
    this.#living += 1;
    const group = this.#place(trigger, trigger.markE9);
    if (trigger.markE9 > trigger.persistedE9) this.#noteMoved(group);
  }

  /** Call after `isDead` was set. */
  noteDead(): void {
    this.#living -= 1;
    this.#dead += 1;
    if (this.#lowest !== undefined) this.#lowest.stopE9 = undefined;
    if (this.#dead < SWEEP_MIN || this.#dead < this.#living) return;
    const kept = this.#sweep();
    for (const { trigger, markE9, isMoved } of kept) {
      const group = this.#place(trigger, markE9);
      if (isMoved) this.#noteMoved(group);
    }
  }

  /** Nothing would fire and no mark would move: comparisons only. */
  isQuiet(priceE9: bigint): boolean {
    const lowest = this.#lowest;
    if (lowest === undefined) return true;
    if (priceE9 > lowest.markE9) return false;
    if (priceE9 <= stopOf(lowest)) return false;
    const next = this.#stops.peek();
    return next === undefined || priceE9 > stopOf(next);
  }

  /** Raises every lower mark to this price. @returns whether one has moved */
  raise(priceE9: bigint): boolean {
    const lowest = this.#lowest;
    if (lowest === undefined || priceE9 <= lowest.markE9) return false;
    for (let next = this.#higher.at(-1); next !== undefined; next = this.#higher.at(-1)) {
      if (next.markE9 > priceE9) break;
      this.#higher.pop();
      next.isDead = true;
      lowest.root = meld(lowest.root, next.root);
    }
    this.#dropDeadStops();
    lowest.markE9 = priceE9;
    lowest.stopE9 = undefined;
    this.#noteMoved(lowest);
    return true;
  }

  /** Adds the stops that this price has reached, with their mark and their price. */
  collect(priceE9: bigint, into: TrailTrigger[]): void {
    this.#renewTop(priceE9);
    if (this.#lowest !== undefined) collectGroup(this.#lowest, priceE9, into);
    this.#stops.walk((group) => {
      if (priceE9 > stopOf(group)) return false;
      if (!group.isDead) collectGroup(group, priceE9, into);
      return true;
    });
  }

  /** Visits the living stops whose mark has moved since the last call, with their mark. */
  takeMoved(visit: (trigger: TrailTrigger, markE9: bigint) => void): void {
    const moved = this.#moved;
    this.#moved = [];
    for (const group of moved) {
      if (group.isDead) continue;
      group.isMoved = false;
      for (const trigger of membersOf(group)) {
        if (!trigger.isDead) visit(trigger, group.markE9);
      }
    }
  }

  /** The mark of a stop that is armed here; a walk through all of them, for edits and screens. */
  markOf(wanted: TrailTrigger): bigint | undefined {
    for (const group of this.#groups()) {
      if (membersOf(group).includes(wanted)) return group.markE9;
    }
    return undefined;
  }

  #groups(): MarkGroup[] {
    return this.#lowest === undefined ? [] : [this.#lowest, ...this.#higher];
  }

  #noteMoved(group: MarkGroup): void {
    if (group.isMoved) return;
    group.isMoved = true;
    this.#moved.push(group);
  }

  #place(trigger: TrailTrigger, markE9: bigint): MarkGroup {
    trigger.left = undefined;
    trigger.right = undefined;
    trigger.rank = 1;
    const made: MarkGroup = {
      markE9,
      root: trigger,
      stopE9: undefined,
      isDead: false,
      isMoved: false,
    };
    const lowest = this.#lowest;
    if (lowest === undefined) return (this.#lowest = made);
    if (markE9 === lowest.markE9) {
      lowest.root = meld(lowest.root, trigger);
      lowest.stopE9 = undefined;
      return lowest;
    }
    if (markE9 < lowest.markE9) {
      this.#higher.push(lowest);
      this.#stops.push(lowest);
      return (this.#lowest = made);
    }
    let at = this.#higher.length;
    while (at > 0 && (this.#higher[at - 1] as MarkGroup).markE9 < markE9) at -= 1;
    this.#higher.splice(at, 0, made);
    this.#stops.push(made);
    return made;
  }

  #sweep(): { trigger: TrailTrigger; markE9: bigint; isMoved: boolean }[] {
    const kept = this.#groups().flatMap((group) => {
      group.isDead = true;
      const { markE9, isMoved } = group;
      const living = membersOf(group).filter((trigger) => !trigger.isDead);
      return living.map((trigger) => ({ trigger, markE9, isMoved }));
    });
    this.#lowest = undefined;
    this.#higher.length = 0;
    this.#stops.keep(() => false);
    this.#moved = [];
    this.#dead = 0;
    return kept;
  }

  /** A group whose tightest stop was disarmed is put where its next one belongs. */
  #renewTop(priceE9: bigint): void {
    for (let top = this.#stops.peek(); top !== undefined; top = this.#stops.peek()) {
      if (priceE9 > stopOf(top) || (!top.isDead && top.root?.isDead === false)) return;
      this.#stops.pop();
      top.stopE9 = undefined;
      if (!top.isDead && stopOf(top) !== NEVER) this.#stops.push(top);
    }
  }

  #dropDeadStops(): void {
    while (this.#stops.peek()?.isDead === true) this.#stops.pop();
  }
}

/** A price that nothing reaches, for a group whose stops are all dead. */
const NEVER = -1n;

/** Once it is in the heap, a group's stop may only be too high: then it is looked at for nothing. */
function stopOf(group: MarkGroup): bigint {
  if (group.stopE9 !== undefined) return group.stopE9;
  while (group.root?.isDead === true) group.root = meld(group.root.left, group.root.right);
  const { root, markE9 } = group;
  group.stopE9 = root === undefined ? NEVER : trailingStopE9(markE9, root.dropBps);
  return group.stopE9;
}

function collectGroup(group: MarkGroup, priceE9: bigint, into: TrailTrigger[]): void {
  const pending = group.root === undefined ? [] : [group.root];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    const stopE9 = trailingStopE9(group.markE9, one.dropBps);
    // What lies below in the tree follows its mark from further away.
    if (priceE9 > stopE9) continue;
    if (one.left !== undefined) pending.push(one.left);
    if (one.right !== undefined) pending.push(one.right);
    if (one.isDead) continue;
    one.priceE9 = stopE9;
    one.markE9 = group.markE9;
    into.push(one);
  }
}

function membersOf(group: MarkGroup): TrailTrigger[] {
  const found: TrailTrigger[] = [];
  const pending = group.root === undefined ? [] : [group.root];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    found.push(one);
    if (one.left !== undefined) pending.push(one.left);
    if (one.right !== undefined) pending.push(one.right);
  }
  return found;
}

/** Joins two leftist heaps; its depth is the logarithm of their size. */
function meld(a: TrailTrigger | undefined, b: TrailTrigger | undefined): TrailTrigger | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const [top, other] = a.dropBps <= b.dropBps ? [a, b] : [b, a];
  const right = meld(top.right, other);
  const left = top.left;
  if (left === undefined || (right !== undefined && left.rank < right.rank)) {
    top.left = right;
    top.right = left;
  } else {
    top.right = right;
  }
  top.rank = (top.right?.rank ?? 0) + 1;
  return top;
}

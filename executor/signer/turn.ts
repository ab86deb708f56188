import type { SigningTurn } from "../ports/signer.ts";

/**
 * Refuses what belongs to a turn that is over. Both processes may have been stopped together with a
 * request in the pipe; on waking the signer would otherwise sign it before anybody looked.
 */
export class TurnWatch {
  readonly #nowMs: () => number;
  #epoch = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Why the request is not signed; undefined when its turn goes on, or when nobody limits it. */
  check(turn: SigningTurn | undefined): string | undefined {
    if (turn === undefined) return undefined;
    if (turn.epoch < this.#epoch) return `epoch ${turn.epoch} is over, it is ${this.#epoch}`;
    this.#epoch = turn.epoch;
    const { notAfterMs } = turn;
    const isOver = notAfterMs !== null && this.#nowMs() >= notAfterMs;
    return isOver ? "the lease that allowed this has ended meanwhile" : undefined;
  }
}

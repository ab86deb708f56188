/**
 * Attempts that were prepared by this very process and whose bytes have not left it. Only of these
 * it is known that nothing can happen; after a restart nobody knows it of any.
 */
export class UnsentAttempts {
  /** With the reason why the venue has not let it out; empty before the first try. */
  readonly #unsent = new Map<string, string>();
  readonly #givenUp = new Set<string>();

  note(attemptId: string, cause = ""): void {
    this.#unsent.set(attemptId, cause);
  }

  /** Why it has not left, when the venue was asked and held it back; else undefined. */
  heldCause(attemptId: string): string | undefined {
    const cause = this.#unsent.get(attemptId);
    return cause === "" ? undefined : cause;
  }

  has(attemptId: string): boolean {
    return this.#unsent.has(attemptId);
  }

  /** Called right before the bytes leave, in the same turn; false when they must not any more. */
  mayLeave(attemptId: string): boolean {
    if (this.#givenUp.has(attemptId)) return false;
    this.#unsent.delete(attemptId);
    return true;
  }

  /** From now on the bytes never leave; false when they may have left already. */
  giveUp(attemptId: string): boolean {
    if (this.#unsent.delete(attemptId)) this.#givenUp.add(attemptId);
    return this.#givenUp.has(attemptId);
  }

  /** Its end is journaled. */
  forget(attemptId: string): void {
    this.#unsent.delete(attemptId);
    this.#givenUp.delete(attemptId);
  }
}

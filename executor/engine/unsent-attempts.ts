/**
 * Attempts that were prepared by this very process and whose bytes have not left it. Only of these
 * it is known that nothing can happen; after a restart nobody knows it of any.
 */
export class UnsentAttempts {
  readonly #unsent = new Set<string>();
  readonly #givenUp = new Set<string>();

  note(attemptId: string): void {
    this.#unsent.add(attemptId);
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

/** Why the copy must not go on until a person has looked. */
export type MirrorStopKind = "fork" | "behind" | "gap" | "contradiction" | "damaged";

/**
 * The copy and the journal do not belong together, or the copy was written to by somebody else.
 * Nothing in it is overwritten: it may be the only trace of what happened.
 */
export class MirrorStop extends Error {
  readonly kind: MirrorStopKind;

  constructor(kind: MirrorStopKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MirrorStop";
    this.kind = kind;
  }
}

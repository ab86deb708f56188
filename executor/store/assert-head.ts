import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Store } from "../ports/store.ts";

/**
 * Holds the journal against a head that was kept elsewhere: with the mirror, in a notice, on paper.
 * SQLite drops everything after a damaged page of its log without a word, and a restored copy is
 * old; a chain that ends too early is whole in itself, so that only this comparison tells.
 * @throws RAPTOR_JOURNAL__BEHIND when the journal ends before it, RAPTOR_JOURNAL__BROKEN_CHAIN when
 * it has another event there.
 */
export function assertHeadAtLeast(
  store: Pick<Store, "headSeq" | "hashAt">,
  seq: number,
  hash: string,
): void {
  const found = store.headSeq();
  if (found < seq) {
    const reason =
      `it ends at event ${found}, the copy at ${seq}. Nothing is traded: what the missing events ` +
      `did is done, and only they tell. What to do: restore the copy`;
    throw new RaptorError("RAPTOR_JOURNAL__BEHIND", { found, expected: seq, reason });
  }
  const known = store.hashAt(seq);
  // Older than a compacted journal begins: not behind, and no longer comparable here.
  if (known !== undefined && known !== hash) {
    throw new RaptorError("RAPTOR_JOURNAL__BROKEN_CHAIN", { seq });
  }
}

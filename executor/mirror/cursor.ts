import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { PgSession } from "../ports/postgres.ts";
import type { Head } from "../store/hash-chain.ts";

/** How far the copy reaches, and which release folded its tables. */
export interface MirrorCursor extends Head {
  foldDigest: string;
}

export async function readCursor(session: PgSession): Promise<MirrorCursor> {
  const sql = "select seq, hash, fold_digest from raptor.mirror_cursor where id = 1";
  const { rows } = await session.query(sql);
  const [seq, hash, foldDigest] = rows[0] ?? [];
  assert(typeof hash === "string", "expected the mirror's cursor");
  return { seq: Number(seq), hash, foldDigest: foldDigest ?? "" };
}

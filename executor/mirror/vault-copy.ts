import type { PgSession } from "../ports/postgres.ts";
import type { Store } from "../ports/store.ts";

/**
 * Copies wrapped wallet keys that the copy does not have yet. Only where the operator asked for it;
 * what was copied before stays when the setting is taken back, as it may be the last one.
 */
export async function copyVault(
  session: PgSession,
  store: Pick<Store, "wallets" | "vault">,
): Promise<void> {
  const { rows } = await session.query("select wallet_id, sha256 from raptor.vault");
  const copied = new Map(rows.map(([walletId, sha256]) => [walletId, sha256]));
  for (const { walletId, vaultSha256 } of store.wallets()) {
    const wrapped = store.vault(walletId);
    if (wrapped === undefined || copied.get(walletId) === vaultSha256) continue;
    const sql = `
insert into raptor.vault (wallet_id, wrapped, sha256) values ($1, $2, $3)
on conflict (wallet_id) do update set wrapped = excluded.wrapped, sha256 = excluded.sha256`;
    await session.query(sql, [walletId, wrapped, vaultSha256]);
  }
}

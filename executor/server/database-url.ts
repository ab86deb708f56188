/** Supavisor and PgBouncer in transaction mode: no session, so no lock that lasts. */
const TRANSACTION_POOLER_PORT = "6543";
/** Without one of these pg either does not encrypt or does not look at the certificate. */
const SAFE_SSL_MODES: readonly (string | null)[] = ["require", "verify-ca", "verify-full"];
/** Networks that encrypt by themselves, or never leave the machine. */
const PRIVATE_HOST = /^$|^local|^127\.|^\[?::1\]?$|\.(internal|flycast)$|\.flympg\.net$/;

/** @returns what is wrong with a connection string, without quoting it; undefined if nothing. */
export function checkDatabaseUrl(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    return "expected postgresql://user:password@host:5432/database";
  }
  const url = new URL(text);
  if (url.port === TRANSACTION_POOLER_PORT) {
    return "expected a session, port 6543 is a transaction pooler; use port 5432";
  }
  const mode = url.searchParams.get("sslmode");
  if (PRIVATE_HOST.test(url.hostname) && mode === null) return undefined;
  if (SAFE_SSL_MODES.includes(mode) && !url.searchParams.has("uselibpqcompat")) return undefined;
  return "expected sslmode=verify-full, because this host is reached over the internet";
}

/** Supavisor and PgBouncer in transaction mode: no session, so no lock that lasts. */
const TRANSACTION_POOLER_PORT = "6543";
/** Without one of these pg either does not encrypt or does not look at the certificate. */
const SAFE_SSL_MODES: readonly (string | null)[] = ["require", "verify-ca", "verify-full"];
/** Networks that encrypt by themselves, or never leave the machine. */
const PRIVATE_HOST =
  // tidy-ok: no address to connect to, but the hosts for which a plain connection is safe.
  /^$|^localhost$|^127(\.\d{1,3}){3}$|^\[?::1\]?$|\.(internal|flycast)$|\.flympg\.net$/;
/** pg obeys these over what stands before the question mark. */
const OVERRIDES: readonly string[] = ["port", "ssl", "hostaddr"];

/** @returns what is wrong with a connection string, without quoting it; undefined if nothing. */
export function checkDatabaseUrl(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    return "expected postgresql://user:password@host:5432/database";
  }
  const { hostname, port, searchParams } = new URL(text);
  if (port === TRANSACTION_POOLER_PORT) {
    return "expected a session, port 6543 is a transaction pooler; use port 5432";
  }
  const isSocket = hostname === "" && searchParams.get("host")?.startsWith("/") === true;
  if (OVERRIDES.some((name) => searchParams.has(name)) || (searchParams.has("host") && !isSocket)) {
    return "expected host and port before the question mark, and no parameter in their place";
  }
  const modes = searchParams.getAll("sslmode");
  if (modes.length > 1) return "expected one sslmode";
  const [mode = null] = modes;
  if (PRIVATE_HOST.test(hostname) && mode === null) return undefined;
  if (SAFE_SSL_MODES.includes(mode) && !searchParams.has("uselibpqcompat")) return undefined;
  return "expected sslmode=verify-full, because this host is reached over the internet";
}

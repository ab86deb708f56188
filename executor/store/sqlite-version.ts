/** 3.51.3 repaired a fault in which a reset of the WAL could lose a commit. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

/** What is wrong with this SQLite; undefined when it may be trusted with the journal. */
export function checkSqliteVersion(found: string): string | undefined {
  const parts = found.split(".").map(Number);
  for (const [at, wanted] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[at] ?? 0;
    if (part > wanted) return undefined;
    if (part < wanted) {
      return `expected SQLite ${SQLITE_VERSION_MIN.join(".")} or later, was ${found}`;
    }
  }
  return undefined;
}

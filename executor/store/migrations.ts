import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";

/**
 * The number of this release's schema: raised once per release that changes what a journal file
 * holds. Folded tables and whole operational tables and columns need no migration of their own:
 * they are made from their specifications when those differ from what wrote the file.
 */
export const SCHEMA_VERSION = 2;
/**
 * The lowest schema whose release may still open a file of this one. The release before this one
 * knew no gate and refuses every other number; from here on it is `SCHEMA_VERSION - 1`, because
 * a release only adds, and takes away no earlier than one release after its last use.
 */
export const OLDEST_READER = 2;

/**
 * What a step adds beyond the specified tables, by the schema that it leads to. Additive only:
 * the release before must be able to go on with the result.
 */
export const MIGRATIONS: Readonly<Record<number, string>> = {
  2: `
create table if not exists anchor (
  id integer not null primary key check (id = 1),
  seq integer not null,
  hash text not null,
  digest text not null,
  made_ms integer not null
) strict;
create table if not exists anchor_parts (
  part integer not null primary key,
  table_name text not null,
  body blob not null
) strict;
`,
};

/** What a file says of itself. */
export interface FileVersion {
  schema: number;
  oldestReader: number;
}

/**
 * A file of the release before is migrated, one of the release after is used as it is when that
 * release allows it. Anything further away was never tried together.
 * @throws RAPTOR_JOURNAL__VERSION saying what to start instead.
 */
export function assertIsReadable(found: FileVersion): void {
  const { schema, oldestReader } = found;
  const isOlder = schema === SCHEMA_VERSION - 1;
  const isNewer = schema === SCHEMA_VERSION + 1 && oldestReader <= SCHEMA_VERSION;
  if (schema === SCHEMA_VERSION || isOlder || isNewer) return;
  const range = `schema ${SCHEMA_VERSION - 1} to ${SCHEMA_VERSION + 1}`;
  const advice =
    schema < SCHEMA_VERSION
      ? "start the releases in between one after the other, each once"
      : "start the release that wrote it, or one at most one step older";
  const reason =
    `this release reads ${range}, the journal has ${schema}. Nothing was changed and nothing is ` +
    `traded: money, positions and their exits wait in the journal. What to do: ${advice}`;
  throw new RaptorError("RAPTOR_JOURNAL__VERSION", {
    expected: SCHEMA_VERSION,
    found: schema,
    reason,
  });
}

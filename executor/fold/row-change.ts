import type { FoldedRows } from "./folded-rows.ts";
import type { TableName } from "./tables.ts";

type Scalar = string | number | null;

/** Names the order that an attempt belongs to, where the event names only the attempt. */
export interface OrderOfAttempt {
  readonly orderOfAttempt: string;
}

/** Every column must equal its value, or be one of the listed ones. */
export type Where<Row> = {
  readonly [Name in keyof Row]?: Scalar | readonly string[] | OrderOfAttempt;
};

/**
 * One change to one folded table, described without reading anything. A change that meets another
 * number of rows than it names is a broken invariant: the event contradicts the ledger.
 */
export type TableChange<T extends TableName> =
  | { readonly op: "insert"; readonly table: T; readonly row: FoldedRows[T] }
  | {
      readonly op: "upsert";
      readonly table: T;
      readonly row: FoldedRows[T];
      /** Columns that an existing row keeps. */
      readonly keep?: readonly (keyof FoldedRows[T] & string)[];
      /** An existing row may be replaced only when it looks like this. */
      readonly onlyOver?: Where<FoldedRows[T]>;
    }
  | {
      readonly op: "update";
      readonly table: T;
      readonly where: Where<FoldedRows[T]>;
      readonly set: Partial<FoldedRows[T]>;
      readonly rows: "one" | "any";
    };

export type RowChange = { [T in TableName]: TableChange<T> }[TableName];

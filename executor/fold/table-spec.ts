/** `amount` is an integer of any size as decimal text; it has no fraction and no exponent. */
export type ColumnKind = "text" | "amount" | "int" | "bool" | "json";

export interface ColumnSpec {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

type KindOf<Value> = [Value] extends [number]
  ? "int"
  : [Value] extends [boolean]
    ? "bool"
    : [Value] extends [string]
      ? "text" | "amount"
      : "json";

/** Ties the specification to the row type: a column that is missing or of another kind fails. */
type ColumnsOf<Row> = {
  readonly [Name in keyof Row]-?: {
    readonly kind: KindOf<NonNullable<Row[Name]>>;
    readonly nullable: null extends Row[Name] ? true : false;
  };
};

export interface TableSpec<Row> {
  readonly key: keyof Row & string;
  readonly columns: ColumnsOf<Row>;
}

export const text = { kind: "text", nullable: false } as const;
export const amount = { kind: "amount", nullable: false } as const;
export const amountOrNull = { kind: "amount", nullable: true } as const;
export const textOrNull = { kind: "text", nullable: true } as const;
export const int = { kind: "int", nullable: false } as const;
export const intOrNull = { kind: "int", nullable: true } as const;
export const bool = { kind: "bool", nullable: false } as const;
export const json = { kind: "json", nullable: false } as const;
export const jsonOrNull = { kind: "json", nullable: true } as const;

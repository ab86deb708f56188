declare module "*/dashboard/app.js" {}

/** The dashboard's files are plain JavaScript: the browser runs them as they are. */
declare module "*/dashboard/format.js" {
  export function decimal(units: string, decimals: number, digitsMax: number): string;
  export function gainPercent(value: bigint, cost: bigint): string;
  export function signed(value: number): string;
  export function short(address: string): string;
  export function duration(ms: number): string;
  export function ago(ms: number): string;
}

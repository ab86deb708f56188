const SUFFIX = ".SOLANA";

export function instrumentOf(mint: string): string {
  return `${mint}${SUFFIX}`;
}

const SUFFIX = ".SOLANA";

export function instrumentOf(mint: string): string {
  return `${mint}${SUFFIX}`;
}

export function mintOf(instrument: string): string {
  return instrument.slice(0, -SUFFIX.length);
}

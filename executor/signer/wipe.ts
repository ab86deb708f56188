/** Overwrites secrets as soon as they were used; what is not in memory cannot leak from it. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

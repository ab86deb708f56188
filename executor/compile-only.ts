/** Said on the command line instead of a start. */
export const COMPILE_ONLY = "--compile-only";

/**
 * Ends a process that was only asked to load its modules: with `NODE_COMPILE_CACHE` set, Node then
 * keeps what it compiled, and the next start is half as long. By the time this is called every
 * import of the caller has been loaded, and nothing has been opened or read.
 */
export function endIfOnlyCompiling(args: readonly string[]): void {
  if (args.includes(COMPILE_ONLY)) process.exit(0);
}

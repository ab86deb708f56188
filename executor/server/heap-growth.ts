const GROWTH_FLAG = "--heap-growing-percent=";
/** Of what is alive: so much may be made before it is looked through again. */
const GROWTH_PERCENT = 100;

/**
 * The launcher starts the main process with a heap that is collected whenever it has grown by a
 * fifth, which keeps a large desk small while it reads its journal. Later every price makes
 * garbage, and looking through all positions every two seconds for it takes a third of the thread
 * that exits run on: from then on the heap may double. V8 reads the flag at each collection.
 * @returns the flag to set; undefined where the launcher was told another, or nobody limited it.
 */
export function growthOnceReady(execArgv: readonly string[]): string | undefined {
  const limits = execArgv.filter((argument) => argument.startsWith(GROWTH_FLAG));
  return limits.length === 1 ? `${GROWTH_FLAG}${GROWTH_PERCENT}` : undefined;
}

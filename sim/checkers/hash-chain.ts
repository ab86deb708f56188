import { verifyJournal } from "@raptor/executor/store/verify.ts";
import type { Checker, Watch } from "./checker.ts";

/**
 * Invariant 13, after every commit and at rest: the chain of hashes never breaks, over every crash,
 * and the journal folded again gives the tables that are there.
 */
export function createHashChain(watch: Watch): Checker {
  let head: { seq: number; hash: string } | undefined;
  return {
    name: "13 hash chain",
    onCommit(events) {
      for (const { seq, prevHash, hash } of events) {
        if (head !== undefined && (seq !== head.seq + 1 || prevHash !== head.hash)) {
          watch.report(`event ${seq} does not follow event ${head.seq}`);
        }
        head = { seq, hash };
      }
    },
    atRest({ path }) {
      const report = verifyJournal(path);
      if (report.problem !== null) watch.report(`verify: ${JSON.stringify(report.problem)}`);
      if (report.violation !== null) watch.report(`verify: ${JSON.stringify(report.violation)}`);
      if (head !== undefined && report.headHash !== head.hash) {
        watch.report("the journal on disk ends elsewhere");
      }
    },
  };
}

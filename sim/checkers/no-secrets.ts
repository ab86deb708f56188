import type { Checker, Watch } from "./checker.ts";

/** Invariant 11, after every step: no key material in what leaves, is logged or is journaled. */
export function createNoSecrets(watch: Watch): Checker {
  function search(where: string, text: string): void {
    for (const [index, secret] of watch.secrets.entries()) {
      if (text.includes(secret)) watch.report(`secret ${index} shows in ${where}`);
    }
  }
  return {
    name: "11 no secrets",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind !== "AttemptPrepared") search(`the journal (${kind})`, JSON.stringify(payload));
      }
    },
    onRequest(host, { body }) {
      if (body !== undefined) search(`a request to ${host}`, body);
    },
    onAnswered(host, _, { body }) {
      if (host === "executor.sim" || host === "edge.sim") search(`an answer of ${host}`, body);
    },
    atRest(rest) {
      search("the log", rest.logText());
    },
  };
}

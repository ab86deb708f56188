import { type Mutant, mutant } from "./mutant.ts";

const STORE = "executor/store/sqlite-store.ts";
const OUTBOX = "executor/notify/outbox.ts";

/** Mistakes in the journal, in epochs and in what people are told. */
export const STORE_MUTANTS: readonly Mutant[] = [
  mutant(
    "answers-before-commit",
    "A group commit that answers each unit when it has run, though the commit may still fail.",
    STORE,
    "for (const unit of group) answers.push(this.#runUnit(unit));",
    "for (const unit of group) this.#runUnit(unit)();",
  ),
  mutant(
    "failed-unit-leaves-its-mark",
    "After a failed transaction the next event names one that was never written.",
    "executor/store/sqlite-tx.ts",
    "this.#head = mark.head;",
    "void mark.head;",
  ),
  mutant(
    "epoch-not-raised",
    "A new process goes on under the old one's name: nobody can tell who signed.",
    "executor/boot.ts",
    "Math.max(tx.epoch() + 1, claim?.epoch() ?? 0);",
    "Math.max(tx.epoch(), 1, claim?.epoch() ?? 0);",
  ),
  mutant(
    "attempt-of-old-epoch",
    "An attempt is not stamped with the epoch that made it.",
    "executor/engine/journal-attempt.ts",
    "epoch: tx.epoch(),",
    "epoch: 1,",
  ),
  mutant(
    "notice-marked-before-sent",
    "A receipt counts as delivered when it is taken up, so that a crash loses it.",
    OUTBOX,
    "const outcome = await this.#outcomeOf(row);",
    `await store.transact((tx) => {
        tx.markOutboxDelivered(row.key, row.version, row.messageId ?? 1);
      });
      const outcome = await this.#outcomeOf(row);`,
  ),
  mutant(
    "notice-given-up-on-error",
    "freqtrade #9025: an error of the messenger is swallowed and the message with it.",
    OUTBOX,
    'if (outcome.outcome === "refused") tx.markOutboxTry(key, tries, nowMs, outcome.reason);',
    'if (outcome.outcome !== "delivered") tx.markOutboxTry(key, tries, nowMs, "failed");',
  ),
  mutant(
    "success-told-when-seen",
    "gmgn-cli's own rule broken: success is told when a transaction is seen, not when it is booked.",
    "executor/screens/order.ts",
    'rich.line("⏳ Seen by the network, waiting for confirmation…");',
    "return screenOf(new RichText().bold(`✅ Bought ${cleanField(order.symbol)}`), linkRows(model));",
  ),
  mutant(
    "token-in-the-log",
    "Slope 2022: what must stay secret goes out with an error report.",
    "executor/notify/telegram-api.ts",
    'this.#deps.log.warn({ method, cause: answer.cause }, "Telegram gave no usable answer");',
    `const address = \`/bot\${this.#deps.token.reveal()}/\${method}\`;
      this.#deps.log.warn({ address, cause: answer.cause }, "Telegram gave no usable answer");`,
  ),
];

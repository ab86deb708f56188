import type { Mutant } from "./mutant.ts";

const FAST = "executor/engine/fast-exit.ts";

/** Mistakes on the way from a pool's price to a sell, as rivals make them. */
export const FAST_PATH_MUTANTS: readonly Mutant[] = [
  {
    name: "exit-abandoned-when-refused",
    story: "A stop whose sell was refused once, before or after it was signed, is given up.",
    edits: [
      {
        file: "executor/engine/order-driver.ts",
        find: 'if (order.side === "buy") return this.#close(order, "rejected", told, refusal.refusedRoute);',
        replace:
          'if (!refusal.alert) return this.#close(order, "rejected", told, refusal.refusedRoute);',
      },
    ],
    theme: "pools",
  },
  {
    name: "one-slot-fires-stops",
    story:
      "The newest price of a pool is believed at once: who trades in front of a stop and takes it back " +
      "in the next slot makes it sell at a price that nobody else ever saw.",
    edits: [
      {
        file: "executor/engine/tick-filter.ts",
        find: "if (settings.confirmMs === 0) return",
        replace: "if (settings.confirmMs >= 0) return",
      },
    ],
    theme: "pools",
  },
  {
    name: "direct-sell-priced-from-entry",
    story:
      "pumpfun bot, in the pool itself: the least output follows from what was paid, so that a stop " +
      "deeper than the slippage reverts for ever.",
    edits: [
      {
        file: FAST,
        find: "return { order, wallet, wrapped, route, choice };",
        replace: `const unit = 10n ** BigInt(decision.position.decimals) * 1_000_000_000n;
    const paid = (BigInt(order.quantity) * BigInt(decision.position.entryPriceE9)) / unit;
    const quantityOutMin = (paid * BigInt(10_000 - slippageBps)) / 10_000n;
    return { order, wallet, wrapped, route: { ...route, quantityOutMin }, choice };`,
      },
    ],
    theme: "pools",
  },
  {
    name: "price-error-is-zero",
    story: "A price that could not be asked for counts as zero: every stop sells at once.",
    edits: [
      {
        file: "executor/market/price-feed.ts",
        find: "this.#lastFailure = error.message;",
        replace: `this.#lastFailure = error.message;
        for (const mint of mints) this.#publish(\`\${mint}\${SUFFIX}\`, 0n);`,
      },
    ],
  },
  {
    name: "exit-signed-anew-on-timeout",
    story:
      "A sell on a nonce that is not confirmed when the next copy is due is signed anew with a " +
      "fresh blockhash while the first may land: both do.",
    edits: [
      {
        file: "executor/engine/attempt-lifetime.ts",
        find: "if (group !== undefined) return joinOf(store, order, group);",
        replace: `if (group?.every(({ state }) => state === "accepted") === true) {
      return joinOf(store, order, group);
    }
    if (group !== undefined) {
      return { kind: "use", lifetime: { kind: "blockHeight" }, joins: undefined, copies: 0 };
    }`,
      },
      {
        file: "executor/engine/journal-attempt.ts",
        find: "if (joins === undefined || group === undefined) return joins === undefined && group === undefined;",
        replace: "if (joins === undefined || group === undefined) return true;",
      },
    ],
  },
  {
    name: "tip-apart-from-its-sell",
    story:
      "The tip goes out in a transaction of its own: it is paid when the sell does not land, and " +
      "the lane turns the sell away.",
    edits: [
      {
        file: "executor/venues/solana/prepare-direct.ts",
        find: "const tipped = { ...bare, tipCount: wish.landing.tips.length };",
        replace: "const tipped = { ...bare };",
      },
      {
        file: "executor/venues/solana/sign-direct.ts",
        find: "tips: landing.landing.tips,",
        replace: "tips: landing.landing.tips.slice(0, template.tipsAt.length),",
      },
    ],
    theme: "pools",
  },
  {
    name: "stops-listening-when-it-sells",
    story: "The price is unwatched as soon as a rule has fired: what is left is never sold.",
    edits: [
      {
        file: "executor/engine/exits.ts",
        find: 'metrics.count("exits_triggered_total", { rule: trigger.rule.kind });',
        replace: "this.#feed.unwatch(update.instrument);",
      },
    ],
    theme: "pools",
  },
  {
    name: "fee-not-a-number",
    story:
      "A fee estimate of no number is believed until somebody counts with it: that ends the desk.",
    edits: [
      {
        file: "executor/venues/solana/fee-source.ts",
        find: 'if (typeof value !== "number" || !Number.isFinite(value)) return undefined;',
        replace: `if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new Error("expected a fee, was NaN");
  }`,
      },
    ],
    theme: "pools",
  },
  {
    name: "refetch-before-sell",
    story: "Before every exit a node is asked again for what the stream has just told.",
    edits: [
      {
        file: FAST,
        find: "const attempt = draft === undefined ? undefined : await this.#prepareInTime(draft);",
        replace: `if (draft !== undefined) {
      await this.#context.venue.fetchNonces(draft.wallet.address, 1).catch(() => undefined);
    }
    const attempt = draft === undefined ? undefined : await this.#prepareInTime(draft);`,
      },
    ],
    theme: "pools",
  },
];

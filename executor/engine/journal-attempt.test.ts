import { describe, it } from "vitest";
import type { PreparedAttempt } from "../ports/venue.ts";
import { withDesk } from "./engine-fixture.ts";
import { journalAttempt } from "./journal-attempt.ts";
import { initializeOrder } from "./orders.ts";
import { buyOf, chainOf, openPosition, orderRow } from "./trade-fixture.ts";

describe("an attempt whose bytes are in the journal already", () => {
  it("is prepared anew: the same bytes could take effect only once", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const [known] = desk.store.attemptsOf("ord_buy");
      if (known === undefined) throw new Error("expected an attempt of the first buy");
      const order = buyOf(desk, "ord_alike");
      await desk.transact((tx) => initializeOrder(tx, order));
      const alike: PreparedAttempt = {
        ...known,
        costCapLamports: BigInt(known.costCapLamports),
        quantityOutMin: BigInt(known.quantityOutMin),
        route: {},
        witness: { lamports: 0n, quantity: 0n },
      };
      const journal = (attempt: PreparedAttempt) =>
        desk.transact((tx) =>
          journalAttempt(
            desk.engine.context,
            tx,
            orderRow(desk, "ord_alike"),
            1,
            attempt,
            undefined,
          ),
        );
      expect(await journal(alike)).toBe("again");
      const other = { ...alike, identity: "sig-other", exclusionGroup: "sig:other" };
      expect(await journal(other)).toBe("journaled");
    });
  });
});

describe("an attempt whose order has ended while it was prepared", () => {
  it("is dropped: nothing of it is journaled", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openPosition(desk, chain);
      const [known] = desk.store.attemptsOf("ord_buy");
      if (known === undefined) throw new Error("expected an attempt of the buy");
      const copy: PreparedAttempt = {
        ...known,
        identity: "sig-copy",
        exclusionGroup: "sig:copy",
        costCapLamports: 1n,
        quantityOutMin: 1n,
        route: {},
        witness: { lamports: 0n, quantity: 0n },
      };
      const before = desk.kinds().length;
      const journaled = await desk.transact((tx) =>
        journalAttempt(desk.engine.context, tx, orderRow(desk, "ord_buy"), 2, copy, undefined),
      );
      expect([journaled, desk.kinds().length]).toEqual(["closed", before]);
    });
  });
});

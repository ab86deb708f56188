import { describe, it } from "vitest";
import { NONCE_RENT } from "../engine/fake-venue.ts";
import { NONCE_SETTINGS } from "../engine/nonce-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** A desk that uses nonces, with a position whose buy set one up. */
async function bought(jobs: JobDesk): Promise<void> {
  jobs.desk.settings = NONCE_SETTINGS;
  await jobs.crash();
  jobs.desk.venue.script = {
    ...jobs.chain.script(),
    fetchSettlement: (identity) => jobs.chain.settlement(identity),
  };
  jobs.desk.engine.settlement.start();
  await jobs.accept(jobs.press(await jobs.buyButton()));
  await jobs.desk.clock.advance(1_000);
  jobs.chain.land();
  await jobs.desk.clock.advance(1_000);
  jobs.chain.finalize();
  jobs.chain.slot += 10;
  await jobs.desk.clock.advance(6_000);
}

async function pressReclaim(jobs: JobDesk, data?: string): Promise<string> {
  const button = data ?? (await jobs.button({ kind: "reclaimNonces" }, "menu"));
  const job = jobs.press(button);
  const answer = await jobs.accept(job);
  await jobs.desk.clock.advance(1_000);
  return JSON.stringify(answer) + (jobs.desk.store.outbox(`job:${job.id}`)?.content.text ?? "");
}

describe("the button that reclaims rent", () => {
  it("says why not while a position is open, and takes nothing", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await bought(jobs);
      const text = await pressReclaim(jobs);
      expect(text).toContain("A position is open, and its exit needs them.");
      expect(text).toContain("nothing was sent");
      expect(jobs.desk.payloads("NonceReclaimWanted")).toEqual([]);
    });
  });

  it("brings the rent back once, however often it is pressed", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await bought(jobs);
      const [position] = jobs.desk.store.openPositions(null);
      const sell = { kind: "sell", positionId: position?.positionId ?? "", quantityBps: 10_000 };
      await jobs.accept(jobs.press(await jobs.button({ ...sell, kind: "sell" })));
      jobs.chain.land();
      await jobs.desk.clock.advance(1_000);
      jobs.chain.finalize();
      await jobs.desk.clock.advance(6_000);
      const before = jobs.chain.lamports;
      const data = await jobs.button({ kind: "reclaimNonces" }, "menu");
      await pressReclaim(jobs, data);
      expect(await pressReclaim(jobs, data)).toContain("Already used");
      expect(jobs.chain.lamports - before).toBe(NONCE_RENT);
      expect(jobs.desk.payloads("NonceAccountReclaimed")).toHaveLength(1);
      expect(await pressReclaim(jobs)).toContain("No rent is held back.");
    });
  });
});

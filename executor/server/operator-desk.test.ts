import { join } from "node:path";
import { describe, it } from "vitest";
import type { Log } from "@raptor/shared/seams/log.ts";
import { openTestStore, withDirectory } from "../store/store-fixture.ts";
import { OperatorDesk, type OperatorDeskDeps } from "./operator-desk.ts";

type TestStore = ReturnType<typeof openTestStore>["store"];

const REASON = "my sister Cleo moves house";

async function withDesk(
  use: (desk: OperatorDesk, logged: unknown[], store: TestStore) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const { store, clock } = openTestStore(join(directory, "journal.db"));
    const logged: unknown[] = [];
    const note = (...said: unknown[]): void => void logged.push(said);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    const nothing = (): never => {
      throw new Error("expected nothing to be read");
    };
    const deps: OperatorDeskDeps = {
      store,
      reads: { status: nothing, positions: nothing },
      panic: { follow: () => {} },
      notices: { alertAdmins: () => {} },
      clock,
      log,
      isReady: () => true,
    };
    await use(new OperatorDesk(deps), logged, store);
    store.close();
  });
}

describe("a halt from the machine", () => {
  it("is committed before it is answered, and its reason is in no log", async ({ expect }) => {
    await withDesk(async (desk, logged, store) => {
      const request = JSON.stringify({ cmd: "kill", reason: REASON, panic: false });
      expect(await desk.answer(request)).toMatchObject({ ok: true });
      expect(store.control()).toMatchObject({ tradingState: "halted", reason: REASON });
      expect(logged).toHaveLength(1);
      expect(JSON.stringify(logged)).not.toContain(REASON);
    });
  });

  it("and everything else needs a request of its form", async ({ expect }) => {
    await withDesk(async (desk) => {
      const bad = ["", "kill", '{"cmd":"sign"}', '{"cmd":"kill"}', '{"cmd":"status","userId":7}'];
      for (const text of [...bad, JSON.stringify({ cmd: "kill", reason: "", panic: true })]) {
        expect(await desk.answer(text)).toEqual({
          ok: false,
          problem: "the request was not understood",
        });
      }
    });
  });
});

import { describe, test } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { Signer, SignRequest } from "../../ports/signer.ts";
import { decodePool, type DirectPool } from "../../pools/direct-pool.ts";
import { FakeClock, FakeLog } from "./fake-net.ts";
import { PLAIN_LANDING } from "./lane.ts";
import { CURVE, curveAccounts } from "./pool-bytes-fixture.ts";
import { rehearseExits } from "./rehearsal.ts";
import { addressOf } from "./streams-fixture.ts";
import { TemplateShelf } from "./template-shelf.ts";

const NOBODY = addressOf(5);

function curve(): DirectPool {
  const accounts = curveAccounts(1_000_000_000_000_000n, 40_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(CURVE, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

async function rehearse(count: number, fail?: RaptorError): Promise<SignRequest[]> {
  const requests: SignRequest[] = [];
  const signer: Signer = {
    createWallet: async () => ({ address: NOBODY, wrapped: "w", vaultSha256: "" }),
    checkWallet: () => Promise.reject(new Error("expected no check")),
    async sign(request) {
      requests.push(request);
      if (fail !== undefined) throw fail;
      return { outcome: "signed", signature: encodeBase58(new Uint8Array(64).fill(9)) };
    },
  };
  const clock = new FakeClock();
  const landing = { landing: PLAIN_LANDING, tipLamports: 0n, leftOut: [], isUnprotectable: false };
  const run = rehearseExits(
    {
      clock,
      log: new FakeLog(),
      signer,
      count,
      feeLamportsMax: 1_000_000n,
      templates: new TemplateShelf(),
      planLanding: () => landing,
    },
    { pool: curve(), slot: 1, atMonotonicMs: 0 },
    new AbortController().signal,
  );
  await Promise.all([run, clock.advance(5_000)]);
  return requests;
}

describe("a rehearsal", () => {
  test("signs as often as asked, and only for a wallet that is nobody's", async ({ expect }) => {
    const requests = await rehearse(10);
    expect(requests).toHaveLength(10);
    expect(new Set(requests.map(({ walletId }) => walletId))).toEqual(new Set(["rehearsal"]));
    for (const { intent } of requests) expect(intent).toMatchObject({ wallet: NOBODY });
  });

  test("is off at zero", async ({ expect }) => {
    expect(await rehearse(0)).toEqual([]);
  });

  test("ends quietly when the lease is in doubt, and not when the signer is gone", async ({
    expect,
  }) => {
    expect(await rehearse(10, new RaptorError("RAPTOR_LEASE__IN_DOUBT", {}))).toHaveLength(1);
    const gone = new RaptorError("RAPTOR_SIGNER__GONE", {});
    await expect(rehearse(10, gone)).rejects.toThrow(gone);
  });
});

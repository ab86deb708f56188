import { describe, test } from "vitest";
import { createFakeChain, WALLET } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { ACCOUNTS, STRANGER } from "./jupiter-fixture.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import { WalletAccounts } from "./wallet-accounts.ts";

const [FIRST, SECOND, THIRD] = [ACCOUNTS.tokenAccount, ACCOUNTS.wsolAccount, STRANGER];

function listing(program: string, pubkeys: string[]): FakeAnswer {
  const account = { lamports: 2_039_280, owner: program, data: ["", "base64"], executable: false };
  const value = pubkeys.map((pubkey) => ({ pubkey, account }));
  return { result: { context: { apiVersion: "2.3.6", slot: 9 }, value } };
}

/** Two nodes; each says what it knows for the classic program and for Token-2022. */
function create(...nodes: (Record<string, string[]> | FakeAnswer)[]) {
  const { rpc, net } = createFakeChain();
  const hosts = [...net.nodes.keys()];
  nodes.forEach((known, at) => {
    net.nodes.set(hosts[at] ?? "", (_method, params) => {
      if ("failure" in known || "status" in known) return known as FakeAnswer;
      const { programId } = params[1] as { programId: string };
      return listing(programId, (known as Record<string, string[]>)[programId] ?? []);
    });
  });
  return { accounts: new WalletAccounts(rpc), net };
}

describe("the token accounts of a wallet", () => {
  test("are those of both programs, and what any node knows", async ({ expect }) => {
    const { accounts } = create(
      { [TOKEN_PROGRAM]: [FIRST] },
      { [TOKEN_PROGRAM]: [SECOND, FIRST], [TOKEN_2022_PROGRAM]: [THIRD] },
    );
    expect((await accounts.fetch(WALLET)).toSorted()).toEqual([FIRST, SECOND, THIRD].toSorted());
  });

  test("come from the node that answers when the other does not", async ({ expect }) => {
    const { accounts } = create({ failure: "timeout" }, { [TOKEN_2022_PROGRAM]: [THIRD] });
    expect(await accounts.fetch(WALLET)).toEqual([THIRD]);
  });

  test("are never an empty list because nobody answered", async ({ expect }) => {
    const { accounts } = create({ failure: "timeout" }, { status: 500, body: "" });
    await expect(accounts.fetch(WALLET)).rejects.toMatchObject({
      code: "RAPTOR_VENUE__UNAVAILABLE",
    });
  });

  test("count as soon as they are expected, for their wallet alone", async ({ expect }) => {
    const { accounts } = create({ [TOKEN_PROGRAM]: [FIRST] }, {});
    accounts.expect(WALLET, SECOND);
    accounts.expect(WALLET, FIRST);
    accounts.expect(STRANGER, THIRD);
    expect((await accounts.fetch(WALLET)).toSorted()).toEqual([FIRST, SECOND].toSorted());
  });

  test("are forgotten oldest first", async ({ expect }) => {
    const { accounts } = create({}, {});
    accounts.expect(WALLET, FIRST);
    accounts.expect(WALLET, SECOND);
    for (let n = 0; n < 9_998; n++) accounts.expect(`w${n}`, THIRD);
    expect(await accounts.fetch(WALLET)).toEqual([FIRST, SECOND]);
    accounts.expect(WALLET, FIRST);
    accounts.expect("one more", THIRD);
    expect(await accounts.fetch(WALLET)).toEqual([FIRST]);
  });
});

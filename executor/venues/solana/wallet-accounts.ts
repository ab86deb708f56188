import { TOKEN_PROGRAMS } from "./programs.ts";
import { ownedAccountsAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/** A swap that is on its way lives for minutes; this is far more than a wallet can have started. */
const EXPECTED_MAX = 10_000;

/** The token accounts of wallets: those that the chain shows and those that are about to exist. */
export class WalletAccounts {
  readonly #rpc: Rpc;
  /** Oldest first, `wallet/account`. */
  readonly #expected = new Set<string>();

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  /** An account that a transaction of ours may create, so that it is named before it is seen. */
  expect(wallet: string, account: string): void {
    const entry = `${wallet}/${account}`;
    this.#expected.delete(entry);
    this.#expected.add(entry);
    for (const oldest of this.#expected) {
      if (this.#expected.size <= EXPECTED_MAX) break;
      this.#expected.delete(oldest);
    }
  }

  /**
   * Everything that any node knows of: one that stands still or lies may only add to the others.
   * @throws RAPTOR_VENUE__UNAVAILABLE when no node answered for one of the programs.
   */
  async fetch(wallet: string): Promise<string[]> {
    const answers = await Promise.all(
      TOKEN_PROGRAMS.map((programId) =>
        this.#rpc.askSeveral(
          "getTokenAccountsByOwner",
          [
            wallet,
            { programId },
            // The addresses are enough; a wallet may hold thousands of gifts.
            {
              encoding: "base64",
              commitment: "confirmed",
              dataSlice: { offset: 0, length: 0 },
            },
          ],
          ownedAccountsAnswer,
        ),
      ),
    );
    const found = answers.flat().flatMap(({ value }) => value.map(({ pubkey }) => pubkey));
    const expected = [...this.#expected]
      .filter((entry) => entry.startsWith(`${wallet}/`))
      .map((entry) => entry.slice(wallet.length + 1));
    return [...new Set([...found, ...expected])];
  }
}

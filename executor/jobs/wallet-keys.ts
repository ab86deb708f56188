import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Notices } from "../ports/notices.ts";
import type { Signer, WalletCheck } from "../ports/signer.ts";
import type { Store } from "../ports/store.ts";

export interface WalletKeysDeps {
  store: Store;
  signer: Pick<Signer, "checkWallet">;
  notices: Pick<Notices, "alert" | "alertAdmins">;
  shout(text: string): void;
}

/**
 * Whether the master keys of this start are those that the wallets were made with. A key that is
 * well-formed and another one would be found out when an exit has to sell; and what is made
 * under it is lost as soon as the right one is put back.
 */
export class WalletKeys {
  readonly #deps: WalletKeysDeps;
  #isCurrentWrong = false;

  constructor(deps: WalletKeysDeps) {
    this.#deps = deps;
  }

  /** Opens every wallet once and tells whom it concerns of those that stay shut. */
  async check(): Promise<void> {
    const { store, notices, shout } = this.#deps;
    const wallets = store.wallets();
    const checks: WalletCheck[] = [];
    // One after the other, so that no exit's signature waits behind all of them.
    for (const wallet of wallets) checks.push(await this.#check(wallet));
    const shut = wallets.filter((_, at) => checks[at]?.opens === false);
    this.#isCurrentWrong = checks.some(({ opens, isCurrent }) => !opens && isCurrent);
    if (shut.length === 0) return;
    const lines = wordsFor(shut.length, wallets.length, this.#isCurrentWrong);
    await store.transact((tx) => {
      const start = tx.epoch();
      notices.alertAdmins(tx, `keys:${start}`, lines);
      for (const { userId } of shut) {
        notices.alert(tx, userId, `key:${start}:${userId}`, PERSON_LINES);
      }
    });
    shout(lines.join("\n"));
  }

  /** Why this person gets no wallet now; undefined where there is one, or one may be made. */
  refusalFor(userId: number): string | undefined {
    if (!this.#isCurrentWrong || this.#deps.store.walletOf(userId) !== undefined) return undefined;
    return REFUSAL;
  }

  async #check({ walletId, userId, address }: WalletRow): Promise<WalletCheck> {
    const wrapped = this.#deps.store.vault(walletId);
    if (wrapped === undefined) return { opens: false, isCurrent: false };
    return this.#deps.signer.checkWallet({ walletId, userId, address, wrapped });
  }
}

const REFUSAL =
  "This desk was started with a wrong master key, so it makes no wallets. Nothing was done; its " +
  "operator was told.";
const PERSON_LINES = [
  "The desk cannot sign for your wallet",
  "It was started without the master key that your wallet was made with. Buys, sells, exits and " +
    "panic send nothing until its operator puts that key back. What the wallet holds stays there.",
  "Its operator was told.",
];

function wordsFor(shut: number, all: number, isCurrentWrong: boolean): string[] {
  return [
    `WALLET_MASTER_KEYS does not open ${shut} of ${all} wallets`,
    "Nothing can be signed for them: exits fire and send nothing. No key is lost by this: put the " +
      "key back that the desk had before and start it again.",
    ...(isCurrentWrong ? ["Until then nobody new gets a wallet."] : []),
  ];
}

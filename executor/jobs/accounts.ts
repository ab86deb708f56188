import { cleanField } from "@raptor/shared/values/safe-text.ts";
import { deriveWalletId } from "../engine/ids.ts";
import type { Signer } from "../ports/signer.ts";
import type { Store } from "../ports/store.ts";

/** People and their wallets. */
export class Accounts {
  readonly #store: Store;
  readonly #signer: Pick<Signer, "createWallet">;
  readonly #creating = new Map<number, Promise<void>>();

  constructor(store: Store, signer: Pick<Signer, "createWallet">) {
    this.#store = store;
    this.#signer = signer;
  }

  /** Registers the person and makes the one wallet, unless both are there. */
  ensure(actor: { userId: number; chatId: number; name: string }): Promise<void> {
    const { userId } = actor;
    if (this.#store.user(userId) !== undefined && this.#store.walletOf(userId) !== undefined) {
      return Promise.resolve();
    }
    const running = this.#creating.get(userId);
    if (running !== undefined) return running;
    const creating = this.#create(actor).finally(() => this.#creating.delete(userId));
    this.#creating.set(userId, creating);
    return creating;
  }

  async #create(actor: { userId: number; chatId: number; name: string }): Promise<void> {
    const { userId, chatId } = actor;
    const walletId = deriveWalletId(userId);
    const created = await this.#signer.createWallet(walletId, userId);
    await this.#store.transact((tx) => {
      const stream = `user:${userId}`;
      if (tx.user(userId) === undefined) {
        const payload = { userId, chatId, name: cleanField(actor.name) };
        tx.append({ stream, kind: "UserRegistered", payload });
      }
      if (tx.walletOf(userId) !== undefined) return;
      const { address, vaultSha256, wrapped } = created;
      const payload = { walletId, userId, address, vaultSha256 };
      tx.append({ stream, kind: "WalletCreated", payload });
      tx.putVault(walletId, wrapped);
    });
  }
}

import type { ChainAccount } from "./account-history.ts";
import { SYSTEM_PROGRAM } from "./durable-nonce.ts";
import type { ModelWrite } from "./program-model.ts";

interface Layer {
  owner: string | undefined;
  data: Uint8Array | undefined;
  /** Lamports on top of what the machine knows; below zero after a payout. */
  lamports: bigint;
}

/**
 * What model programs did to accounts of their own, which the virtual machine cannot do for them:
 * bytes that they wrote and lamports that they paid out. It lies over the machine's accounts until
 * the transaction lands.
 */
export class AccountOverlay {
  readonly #layers = new Map<string, Layer>();

  get pubkeys(): string[] {
    return [...this.#layers.keys()];
  }

  write({ pubkey, owner, data }: ModelWrite): void {
    const layer = this.#layerOf(pubkey);
    layer.owner = owner;
    layer.data = data;
  }

  pay(pubkey: string, lamports: bigint): void {
    this.#layerOf(pubkey).lamports -= lamports;
  }

  /** The account as the models see it. */
  over(pubkey: string, account: ChainAccount | undefined): ChainAccount | undefined {
    const layer = this.#layers.get(pubkey);
    if (layer === undefined) return account;
    return {
      lamports: (account?.lamports ?? 0n) + layer.lamports,
      data: layer.data ?? account?.data ?? new Uint8Array(),
      owner: layer.owner ?? account?.owner ?? SYSTEM_PROGRAM,
      executable: false,
    };
  }

  #layerOf(pubkey: string): Layer {
    const known = this.#layers.get(pubkey);
    if (known !== undefined) return known;
    const layer: Layer = { owner: undefined, data: undefined, lamports: 0n };
    this.#layers.set(pubkey, layer);
    return layer;
  }
}

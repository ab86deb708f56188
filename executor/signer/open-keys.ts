import type { KeyObject } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { SignRequest } from "../ports/signer.ts";
import { createSigningKey, publicKeyBytes } from "./ed25519.ts";
import { openSecret, type SecretOwner } from "./envelope.ts";
import type { MasterKeys } from "./master-keys.ts";
import { wipe } from "./wipe.ts";

/** A wallet's key, opened, and the address that it signs for. */
export interface OpenKey {
  key: KeyObject;
  address: string;
}

/** Wallets that trade at the same time on one desk; the longest unused is closed for the next. */
const OPEN_KEYS_MAX = 64;
/** A wallet that asks for nothing in this time is opened anew for its next signature. */
const IDLE_MS = 60_000;

interface Held extends OpenKey {
  usedMs: number;
}

/**
 * Keeps the keys of wallets that trade right now open, because opening one takes three times as
 * long as signing with it, and an exit waits for that. Whoever can read this process's memory has
 * the master keys already, which open every wallet: an open key gives nothing that these do not.
 */
export class OpenKeys {
  readonly #masterKeys: MasterKeys;
  readonly #monotonicMs: () => number;
  /** By owner and ciphertext, so that another row of the vault can never meet this key. */
  readonly #held = new Map<string, Held>();

  constructor(masterKeys: MasterKeys, monotonicMs: () => number) {
    this.#masterKeys = masterKeys;
    this.#monotonicMs = monotonicMs;
  }

  /** @throws RAPTOR_SIGNER__REFUSED when it does not open for this owner under our keys. */
  open({
    walletId,
    userId,
    wrapped,
  }: Pick<SignRequest, "walletId" | "userId" | "wrapped">): OpenKey {
    const nowMs = this.#monotonicMs();
    this.closeIdle(nowMs);
    const id = JSON.stringify([userId, walletId, wrapped]);
    const held = this.#held.get(id) ?? this.#openAnew({ userId, walletId }, wrapped);
    held.usedMs = nowMs;
    // The order of the map is the order of use.
    this.#held.delete(id);
    this.#held.set(id, held);
    return held;
  }

  /** Closes what nobody has used for a while; the first of the map is the longest unused. */
  closeIdle(nowMs: number): void {
    for (const [id, { usedMs }] of this.#held) {
      if (nowMs - usedMs < IDLE_MS && this.#held.size < OPEN_KEYS_MAX) return;
      this.#held.delete(id);
    }
  }

  get size(): number {
    return this.#held.size;
  }

  #openAnew({ userId, walletId }: Omit<SecretOwner, "purpose">, wrapped: string): Held {
    const owner: SecretOwner = { userId, walletId, purpose: "solana-ed25519-seed" };
    const seed = openSecret(wrapped, owner, this.#masterKeys);
    try {
      const key = createSigningKey(seed);
      return { key, address: encodeBase58(publicKeyBytes(key)), usedMs: 0 };
    } finally {
      wipe(seed);
    }
  }
}

import { fetchMint } from "./instrument-report.ts";
import type { Rpc } from "./rpc.ts";

/** What of a mint never changes. */
export interface RememberedMint {
  tokenProgram: string;
  decimals: number;
}

/** This bounds what pasted addresses may fill. */
const MINTS_MAX = 10_000;

/** Mints that were seen, so that nobody asks for them twice. */
export class MintMemory {
  readonly #rpc: Rpc;
  readonly #mints = new Map<string, RememberedMint>();

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  known(mint: string): RememberedMint | undefined {
    return this.#mints.get(mint);
  }

  remember(mint: string, { tokenProgram, decimals }: RememberedMint): RememberedMint {
    if (this.#mints.size >= MINTS_MAX) this.#mints.clear();
    const found = { tokenProgram, decimals };
    this.#mints.set(mint, found);
    return found;
  }

  async read(mint: string): Promise<RememberedMint> {
    return this.#mints.get(mint) ?? this.remember(mint, await fetchMint(this.#rpc, mint));
  }
}

import { Keypair } from "@solana/web3.js";
import { describe, test } from "vitest";
import { createChain } from "./chain-fixture.ts";
import type { NewMint } from "./token-accounts.ts";

const KINDS: [name: string, over: Partial<NewMint>][] = [
  ["a plain token", { tokenProgram: "token" }],
  ["a token of the newer program", {}],
  ["a token with a transfer fee", { transferFeeBps: 100 }],
  ["a token that is born frozen", { isBornFrozen: true, freezeAuthority: addressOf(9) }],
  ["a token that calls a hook", { transferHook: addressOf(8) }],
];

function keypairOf(n: number): Keypair {
  return Keypair.fromSeed(new Uint8Array(32).fill(n));
}

function addressOf(n: number): string {
  return keypairOf(n).publicKey.toBase58();
}

describe("an account of a mint that has one already", () => {
  test.for(KINDS)("is what the program would have made: %s", ([, over], { expect }) => {
    const accountsOf = (owners: readonly string[]) => {
      const chain = createChain();
      const token: NewMint = {
        mint: keypairOf(1),
        decimals: 6,
        tokenProgram: "token-2022",
        supply: 0n,
        holder: addressOf(2),
        ...over,
      };
      const mint = chain.createMint(token);
      const made = owners.map((owner) => chain.createTokenAccount(owner, mint));
      return new Map(owners.map((owner, at) => [owner, chain.accounts.current(made[at] ?? "")]));
    };
    const [first, second] = [addressOf(3), addressOf(4)];
    const asked = accountsOf([first, second]);
    const turned = accountsOf([second, first]);
    expect(asked.get(first)).toBeDefined();
    expect(asked.get(second)).toEqual(turned.get(second));
    expect(asked.get(first)).toEqual(turned.get(first));
  });
});

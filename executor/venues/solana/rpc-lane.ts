import type { Lane, LaneAnswer } from "./lane.ts";
import { judgeSend } from "./lane-verdict.ts";
import { signatureAnswer } from "./rpc-answers.ts";
import type { RpcProvider } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";

/** The node passes on what it is given, without a look of its own and without repeats. */
export const SEND_OPTIONS = {
  encoding: "base64",
  skipPreflight: true,
  maxRetries: 0,
  preflightCommitment: "processed",
} as const;

/** Plain RPC: any node, no tip, and whoever reads its traffic may see the transaction early. */
export function createRpcLane(rpc: Pick<Rpc, "isOwnChain">, provider: RpcProvider): Lane {
  return {
    name: provider.name,
    taker: undefined,
    isProtected: false,
    check: ({ isProtected }) => (isProtected ? "the order is protected" : undefined),
    hold(isRepeat) {
      if (!rpc.isOwnChain(provider.name)) return "it serves another chain";
      // A node that rests may still take a transaction, and an exit has no better use for it; one
      // that has the bytes already is left in peace.
      return isRepeat && provider.breaker.state() === "open" ? "it rests" : undefined;
    },
    async send(payload, identity): Promise<LaneAnswer> {
      const params = [payload, SEND_OPTIONS];
      return judgeSend(await provider.call("sendTransaction", params, signatureAnswer), identity);
    },
  };
}

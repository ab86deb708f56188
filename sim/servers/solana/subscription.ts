import { SYSTEM_PROGRAM } from "../../models/durable-nonce.ts";
import type { Block, Commitment } from "../../models/slots.ts";
import { readAt } from "./account-methods.ts";
import { encodeAccount } from "./account-json.ts";
import {
  commitmentOf,
  type Config,
  configAt,
  parseSignature,
  pubkeyAt,
  type RpcCall,
  withContext,
} from "./rpc-call.ts";
import { invalidParams } from "./rpc-error.ts";

export interface Notification {
  method: string;
  result: unknown;
  /** The subscription has nothing more to say after this one. */
  isLast: boolean;
}

/** What one subscription reports whenever its node moved on. */
export interface Subscription {
  kind: string;
  /** What it is about, for faults that are meant for it alone: an account's address. */
  about?: string;
  poll(): Notification[];
}

/** Everything between the last look and the node's newest block at one commitment. */
interface Window {
  after: number;
  until: Block;
}

export const SUBSCRIBE_METHODS: Readonly<Record<string, (call: RpcCall) => Subscription>> = {
  accountSubscribe: subscribeAccount,
  signatureSubscribe: subscribeSignature,
  logsSubscribe: subscribeLogs,
  slotSubscribe: subscribeSlot,
};

function createWindows(call: RpcCall, commitment: Commitment): () => Window | undefined {
  let seenSlot = call.view.block(commitment).slot;
  return () => {
    const until = call.view.block(commitment);
    if (until.slot <= seenSlot) return undefined;
    const after = seenSlot;
    seenSlot = until.slot;
    return { after, until };
  };
}

function subscribeAccount(call: RpcCall): Subscription {
  const pubkey = pubkeyAt(call, 0);
  const config: Config = configAt(call, 1);
  const next = createWindows(call, commitmentOf(config));
  return {
    kind: "account",
    about: pubkey,
    poll() {
      const window = next();
      if (window === undefined) return [];
      const { accounts, slots } = call.chain;
      return accounts.changes(pubkey, window.after, window.until.slot).map((version) => {
        const block = slots.blockAt(version.slot);
        const value =
          encodeAccount(version.account, config, readAt(call, block)) ?? encodeClosed(config);
        return notification("account", withContext({ ...block, slot: version.slot }, value));
      });
    },
  };
}

/** A closed account is reported as an empty one of the system program. */
function encodeClosed(config: Config): unknown {
  const encoding = config["encoding"] === "jsonParsed" ? "base64" : config["encoding"];
  return {
    data: encoding === undefined ? "" : ["", encoding],
    executable: false,
    lamports: 0,
    owner: SYSTEM_PROGRAM,
    rentEpoch: 0,
    space: 0,
  };
}

function subscribeSignature(call: RpcCall): Subscription {
  const signature = parseSignature(call.params[0]);
  const config = configAt(call, 1);
  const commitment = commitmentOf(config);
  let owesReceived = config["enableReceivedNotification"] === true;
  return {
    kind: "signature",
    poll() {
      const { chain, view } = call;
      const found: Notification[] = [];
      const block = view.block(commitment);
      const record = chain.history.get(signature);
      if (owesReceived && (record !== undefined || chain.isPending(signature))) {
        owesReceived = false;
        found.push(notification("signature", withContext(block, "receivedSignature")));
      }
      if (record === undefined || record.block.slot > block.slot) return found;
      const result = withContext(block, { err: record.err });
      return [...found, { ...notification("signature", result), isLast: true }];
    },
  };
}

function subscribeLogs(call: RpcCall): Subscription {
  const mentioned = parseMentions(call.params[0]);
  const next = createWindows(call, commitmentOf(configAt(call, 1)));
  return {
    kind: "logs",
    poll() {
      const window = next();
      if (window === undefined) return [];
      return call.chain.history
        .between(window.after, window.until.slot)
        .filter(
          ({ keys }) => mentioned === undefined || keys.some(({ pubkey }) => pubkey === mentioned),
        )
        .map(({ block, signature, err, logs }) =>
          notification("logs", withContext(block, { signature, err, logs })),
        );
    },
  };
}

function parseMentions(filter: unknown): string | undefined {
  if (filter === "all" || filter === "allWithVotes") return undefined;
  const mentions = (filter as { mentions?: unknown } | null | undefined)?.mentions;
  const [pubkey, ...more] = Array.isArray(mentions) ? (mentions as unknown[]) : [];
  if (typeof pubkey !== "string" || more.length > 0) {
    throw invalidParams("Invalid Request: Only 1 address supported");
  }
  return pubkey;
}

function subscribeSlot(call: RpcCall): Subscription {
  const next = createWindows(call, "processed");
  return {
    kind: "slot",
    poll() {
      const window = next();
      if (window === undefined) return [];
      const { slot, parentSlot, finalizedSlot } = window.until;
      return [notification("slot", { slot, parent: parentSlot, root: finalizedSlot })];
    },
  };
}

function notification(kind: string, result: unknown): Notification {
  return { method: `${kind}Notification`, result, isLast: false };
}

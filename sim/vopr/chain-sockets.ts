import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetSocket, NetSocketHandlers } from "@raptor/shared/seams/net.ts";
import type { ChainAccount } from "../models/account-history.ts";
import type { LedgerNode } from "../models/ledger-node.ts";
import { SLOT_MS } from "./settings.ts";
import type { Commitment } from "../models/slots.ts";
import type { Timer, World } from "./world.ts";

export interface SocketTempers {
  /** Chance that a new socket never says anything. */
  silentChance: number;
  /** Chance per frame that it comes twice, or after later ones. */
  noiseChance: number;
  /** Chance that a new subscription to an account is confirmed and tells nothing. */
  deadChance: number;
}

interface Watch {
  subscription: number;
  signature: string;
}

interface AccountWatch {
  subscription: number;
  pubkey: string;
  commitment: Commitment;
  last: ChainAccount | undefined;
}

export interface SocketParts {
  world: World;
  node: LedgerNode;
  handlers: NetSocketHandlers;
  open: Set<() => void>;
  tells: Set<() => void>;
  prng: Prng;
  sockets: SocketTempers;
  slotNewsMs: number;
  onFault(name: string): void;
}

/** How frames of one socket travel: all, none, some twice, some late. */
function createSay(parts: SocketParts): (message: object) => void {
  const { world, handlers, prng, sockets, onFault } = parts;
  const isSilent = prng.nextFloat() < sockets.silentChance;
  if (isSilent) onFault("socket/silent");
  return (message) => {
    if (isSilent) return;
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    if (prng.nextFloat() >= sockets.noiseChance) return handlers.onMessage(text);
    if (prng.nextFloat() < 0.5) {
      onFault("socket/frame twice");
      handlers.onMessage(text);
      return handlers.onMessage(text);
    }
    onFault("socket/frame late");
    world.after(1 + prng.nextInt(3_000), () => handlers.onMessage(text));
  };
}

/** One connection to a node, as a desk subscribes to slots, signatures and accounts. */
export function openSocket(parts: SocketParts): NetSocket {
  const { world, node, handlers, open, tells, slotNewsMs } = parts;
  const watches = new Map<number, Watch>();
  const accounts = new Map<number, AccountWatch>();
  let isOpen = true;
  let slotSubscription: number | undefined;
  let nextId = 1;
  const timers: Timer[] = [];
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    open.delete(close);
    tells.delete(tellAccounts);
    for (const timer of timers) timer.cancel();
    world.after(1, () => handlers.onClose("closed"));
  };
  const say = createSay(parts);
  const notify = (method: string, subscription: number, result: unknown): void =>
    say({ method, params: { subscription, result } });
  const tellAccounts = (): void =>
    eachAccountNews(node, accounts, (subscription, result) =>
      notify("accountNotification", subscription, result),
    );
  open.add(close);
  tells.add(tellAccounts);
  timers.push(
    world.after(20, () => {
      handlers.onOpen();
    }),
    world.every(slotNewsMs, () => {
      if (slotSubscription === undefined) return;
      const { slot, parentSlot: parent, finalizedSlot: root } = node.head();
      notify("slotNotification", slotSubscription, { slot, parent, root });
    }),
    world.every(SLOT_MS, () => {
      for (const { subscription, signature } of watches.values()) {
        if (!node.hasConfirmed(signature)) continue;
        watches.delete(subscription);
        const result = { context: { slot: node.head().slot }, value: { err: null } };
        notify("signatureNotification", subscription, result);
      }
      tellAccounts();
    }),
  );
  return {
    close,
    send(text) {
      if (!isOpen) return;
      const { id, method, params } = JSON.parse(text) as {
        id?: number;
        method: string;
        params: unknown[];
      };
      // A sign of life, which wants no answer.
      if (id === undefined) return;
      if (method.endsWith("Unsubscribe")) {
        watches.delete(Number(params[0]));
        accounts.delete(Number(params[0]));
        return;
      }
      const subscription = nextId++;
      const subject = String(params[0]);
      if (method === "slotSubscribe") slotSubscription = subscription;
      else if (method === "accountSubscribe") {
        const watch = watchAccount(parts, subscription, params);
        if (watch !== undefined) accounts.set(subscription, watch);
      } else watches.set(subscription, { subscription, signature: subject });
      world.after(10, () => say({ id, result: subscription }));
    },
  };
}

function eachAccountNews(
  node: LedgerNode,
  accounts: ReadonlyMap<number, AccountWatch>,
  notify: (subscription: number, result: unknown) => void,
): void {
  for (const watch of accounts.values()) {
    const { version, result } = node.accountNews(watch.pubkey, watch.commitment);
    if (version === watch.last) continue;
    watch.last = version;
    notify(watch.subscription, result);
  }
}

/** Undefined for one that is confirmed and never tells anything. */
function watchAccount(
  { node, sockets, prng, onFault }: SocketParts,
  subscription: number,
  params: readonly unknown[],
): AccountWatch | undefined {
  if (sockets.deadChance > 0 && prng.nextFloat() < sockets.deadChance) {
    onFault("socket/one subscription dead");
    return undefined;
  }
  const pubkey = String(params[0]);
  const { commitment = "finalized" } = params[1] as { commitment?: Commitment };
  return { subscription, pubkey, commitment, last: node.accountNews(pubkey, commitment).version };
}

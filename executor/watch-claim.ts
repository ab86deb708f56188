import type { EngineContext } from "./engine/context.ts";
import type { ChatPort } from "./ports/notifier.ts";
import { shoutToAdmins, type ShoutContext } from "./shout-to-admins.ts";
import type { ClaimChange, DeskClaim } from "./ports/desk-claim.ts";

export interface WatchClaimParts {
  claim: DeskClaim | undefined;
  context: ShoutContext & Pick<EngineContext, "clock">;
  chat: ChatPort;
  adminUserIds: readonly number[];
}

/** Tells operators once when the claim lapses, once when it is back, and once when it is lost. */
export function watchClaim({ claim, context, chat, adminUserIds }: WatchClaimParts): void {
  const { clock, shout, onFatal } = context;
  claim?.onChange(({ kind, lines }: ClaimChange) => {
    if (kind === "fenced") {
      shout(lines.join("\n"));
      // Not through the outbox: this journal is no longer the desk's.
      void tellAdmins(chat, adminUserIds, lines).catch(onFatal);
      return;
    }
    shoutToAdmins(context, `claim:${kind}:${clock.nowMs()}`, lines);
  });
}

/** Straight to Telegram, tried once. */
export async function tellAdmins(
  chat: ChatPort,
  adminUserIds: readonly number[],
  lines: readonly string[],
): Promise<void> {
  const content = { text: lines.join("\n"), entities: [], keyboard: [] };
  const rest = { messageId: null, content, isSilent: false, isProtected: false };
  await Promise.all(adminUserIds.map((chatId) => chat.deliver({ chatId, ...rest })));
}

/** A claim taken after the start has an epoch of its own; until it is journaled, entries wait. */
export async function journalLateEpoch(
  { store }: Pick<EngineContext, "store">,
  claim: Pick<DeskClaim, "epoch">,
  process: { version: string; pid: number },
): Promise<void> {
  const epoch = claim.epoch();
  if (epoch === undefined || epoch <= store.epoch()) return;
  await store.transact((tx) => {
    if (epoch <= tx.epoch()) return;
    tx.append({ stream: "executor", kind: "EpochStarted", payload: { epoch, ...process } });
  });
}

import { join } from "node:path";
import type { ChatPort, DeliverOutcome, OutgoingMessage } from "../ports/notifier.ts";
import type { NewOutbox, Store } from "../ports/store.ts";
import { openStore } from "../store/sqlite-store.ts";
import { testIds, withDirectory } from "../store/store-fixture.ts";
import { calmPrng, contentOf, ManualClock, RecordingLog } from "./notify-fixture.ts";
import { createOutbox, type Outbox } from "./outbox.ts";

/** A chat service that shows what stands in each chat, and fails as it is told. */
export class FakeChat implements ChatPort {
  readonly calls: string[] = [];
  readonly shown = new Map<number, string>();
  readonly #outcomes: (DeliverOutcome | "lost answer")[] = [];
  #nextId = 100;
  inFlight = 0;
  inFlightMax = 0;
  gate: Promise<void> = Promise.resolve();

  next(...outcomes: (DeliverOutcome | "lost answer")[]): void {
    this.#outcomes.push(...outcomes);
  }

  async deliver(message: OutgoingMessage): Promise<DeliverOutcome> {
    const { chatId, messageId, content } = message;
    this.calls.push(`${chatId} ${messageId ?? "new"} ${content.text}`);
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight);
    await this.gate;
    this.inFlight--;
    const outcome = this.#outcomes.shift();
    if (outcome !== undefined && outcome !== "lost answer") return outcome;
    const id = messageId ?? this.#nextId++;
    this.shown.set(id, content.text);
    if (outcome === "lost answer") return silence;
    return { outcome: "delivered", messageId: id };
  }

  health() {
    return { name: "chat", ok: true, detail: "" };
  }
}

export const silence: DeliverOutcome = { outcome: "retry", afterMs: null, cause: "timeout" };

export interface Desk {
  store: Store;
  chat: FakeChat;
  clock: ManualClock;
  log: RecordingLog;
  outbox: Outbox;
  put(key: string, text: string, over?: Partial<NewOutbox>): Promise<void>;
}

export async function withDesk(use: (desk: Desk, path: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const desk = openDesk(path, new ManualClock());
    await use(desk, path);
    await desk.outbox.stop();
    desk.store.close();
  });
}

export function openDesk(path: string, clock: ManualClock): Desk {
  const log = new RecordingLog();
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const store = openStore({ path, clock, ids: testIds, log, release: "test", onFatal });
  const chat = new FakeChat();
  const outbox = createOutbox({ store, chat, clock, prng: calmPrng, log });
  return { store, chat, clock, log, outbox, put: (key, text, over) => put(store, key, text, over) };
}

export function put(store: Store, key: string, text: string, over: Partial<NewOutbox> = {}) {
  const row = {
    key,
    chatId: 7,
    content: contentOf(text),
    view: { kind: "notice" as const },
    ...over,
  };
  return store.transact((tx) => tx.putOutbox(row));
}

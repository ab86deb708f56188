import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { MessageButton, MessageContent, TicketAction } from "@raptor/shared/domain/rows.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import {
  ENTRY_OP,
  EXIT_OP,
  encodeCallbackData,
  type CallbackData,
} from "@raptor/shared/wire/callback.ts";
import type { Tx } from "../ports/store.ts";
import { NAV_OPS, type Screen, type ScreenButton } from "../screens/screen.ts";

/** What opens positions, now or later, or allows that again. */
const ENTRY_KINDS: readonly TicketAction["kind"][] = ["buy", "resume", "armEntry"];
/** 96 random bits: a ticket cannot be guessed. */
const TICKET_BYTES = 12;
const TAG_BYTES = 8;

/** Turns screens into messages: gives each money button its single-use ticket, tags all. */
export class TicketIssuer {
  readonly #key: KeyObject;
  readonly #ids: IdSource;
  readonly #clock: Clock;
  readonly #lifetimesMs: { trade: number; menu: number };

  constructor(options: {
    key: Buffer;
    ids: IdSource;
    clock: Clock;
    lifetimesMs: { trade: number; menu: number };
  }) {
    this.#key = createSecretKey(options.key);
    this.#ids = options.ids;
    this.#clock = options.clock;
    this.#lifetimesMs = options.lifetimesMs;
  }

  /** Tickets are issued in the transaction that queues the message which carries them. */
  issue(tx: Tx, userId: number, chatId: number, screen: Screen): MessageContent {
    const keyboard = screen.rows.map((row) =>
      row.map((button) => this.#button(tx, userId, chatId, button)),
    );
    const { text, entities } = screen;
    if (screen.forceReply === true) return { text, entities, keyboard, forceReply: true };
    return { text, entities, keyboard };
  }

  /** Whether the executor itself made this data, for this chat. Constant time. */
  isGenuine(chatId: number, data: CallbackData): boolean {
    const expected = Buffer.from(this.#tag(chatId, data));
    const given = Buffer.from(data.tag);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  #button(tx: Tx, userId: number, chatId: number, button: ScreenButton): MessageButton {
    if ("url" in button) return { text: button.text, url: button.url };
    if ("copyText" in button) return { text: button.text, copyText: button.copyText };
    const style = button.style === undefined ? {} : { style: button.style };
    if ("nav" in button) {
      const data = { op: NAV_OPS[button.nav], arg: button.arg ?? "", ticket: "" };
      return { text: button.text, callbackData: this.#encode(chatId, data), ...style };
    }
    const ticket = this.#ids.token(TICKET_BYTES);
    const expiresMs = this.#clock.nowMs() + this.#lifetimesMs[button.lifetime];
    tx.putTicket({ ticket, userId, chatId, action: button.action, expiresMs });
    const isForEntries = ENTRY_KINDS.includes(button.action.kind);
    const op = isForEntries ? ENTRY_OP : EXIT_OP;
    const data = { op, arg: "", ticket };
    return { text: button.text, callbackData: this.#encode(chatId, data), ...style };
  }

  #encode(chatId: number, data: Omit<CallbackData, "tag">): string {
    return encodeCallbackData({ ...data, tag: this.#tag(chatId, data) });
  }

  #tag(chatId: number, data: Omit<CallbackData, "tag">): string {
    return createHmac("sha256", this.#key)
      .update(`callback/v1|${chatId}|${data.op}|${data.arg}|${data.ticket}`)
      .digest()
      .subarray(0, TAG_BYTES)
      .toString("base64url");
  }
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest } from "@raptor/shared/seams/net.ts";
import type { TelegramModel } from "../models/telegram.ts";
import type { Qstash } from "../models/qstash.ts";
import { GARBAGE, type Network } from "./network.ts";
import { PEOPLE, WEBHOOK_SECRET } from "./settings.ts";
import { SimProcess } from "./sim-process.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

export interface DeliveryParts {
  world: World;
  network: Network;
  telegram: TelegramModel;
  qstash: Qstash;
  mints: readonly string[];
  onFault(name: string): void;
  onTrace(text: string): void;
  onViolation(checker: string, detail: string): void;
}

const DAY_S = 86_400;
const KEPT_MAX = 60;

/** Messages that come twice, late, out of order, or from somebody else. */
export class Deliveries {
  readonly #swarm: Swarm["deliveries"];
  readonly #prng: Prng;
  readonly #at: DeliveryParts;
  readonly #stranger: ReturnType<Network["netOf"]>;
  readonly #signed: NetRequest[] = [];
  readonly #forged = new Set<string>();
  #isOn = true;

  constructor(swarm: Swarm["deliveries"], prng: Prng, parts: DeliveryParts) {
    this.#swarm = swarm;
    this.#prng = prng;
    this.#at = parts;
    this.#stranger = parts.network.netOf(new SimProcess(parts.world, () => 0));
  }

  start(): void {
    const swarm = this.#swarm;
    this.#every(swarm.lateEveryMs, () => this.#sendLate());
    this.#every(swarm.forgedHookEveryMs, () => this.#forgeHook());
    this.#every(swarm.forgedJwsEveryMs, () => this.#forgeJws());
    this.#every(swarm.replayEveryMs, () => this.#replay());
    this.#every(swarm.queueDuplicateEveryMs, () => this.#duplicateQueued());
    this.#every(swarm.floodEveryMs, () => this.#flood());
  }

  stop(): void {
    this.#isOn = false;
  }

  /** An update left somebody's phone: it may come again. */
  onUpdate(updateId: number, isPress: boolean): void {
    if (!this.#isOn) return;
    const { again, newId, reordered } = this.#swarm;
    const repeat = (chance: number, name: string, isNew: boolean, waitMs: number): void => {
      if (this.#prng.nextFloat() >= chance) return;
      this.#at.world.after(this.#prng.nextInt(waitMs), () => {
        if (!this.#isOn) return;
        this.#note(name, `telegram: update ${updateId} comes again`);
        this.#at.telegram.redeliver(updateId, 1, isNew);
      });
    };
    repeat(again, "telegram/same update again", false, 2_000);
    // A person presses again and the button's ticket is the same; a text typed again is another.
    if (isPress) repeat(newId, "telegram/new id for the same press", true, 2_000);
    repeat(reordered, "telegram/update again after later ones", false, 40_000);
  }

  /** Every signed job that leaves the edge, for those who copy it. */
  onRequest(host: string, request: NetRequest): void {
    if (host !== "executor.sim" || this.#signed.length >= KEPT_MAX) return;
    if (this.#forged.has(request.body ?? "")) return;
    this.#signed.push(request);
  }

  /** Typed a day ago, on a phone without network, and sent only now. */
  #sendLate(): void {
    const userId = this.#oneOf(PEOPLE);
    const date = Math.floor(this.#at.world.nowMs / 1_000) - DAY_S + 60;
    const text = `/buy ${this.#oneOf(this.#at.mints)} 0.1`;
    this.#note("telegram/24 h late", `person ${userId}: ${text}, typed a day ago, comes now`);
    this.#at.telegram.injectUpdate({ message: messageOf(userId, text, date) });
  }

  #forgeHook(): void {
    this.#note("edge/forged webhook", "stranger: posts an update with a wrong secret");
    const userId = this.#oneOf(PEOPLE);
    const date = Math.floor(this.#at.world.nowMs / 1_000);
    const message = messageOf(userId, `/buy ${this.#oneOf(this.#at.mints)} 0.2`, date);
    const secret = WEBHOOK_SECRET.replace("webhook", "weblook");
    const headers = {
      "content-type": "application/json",
      "x-telegram-bot-api-secret-token": secret,
    };
    const body = JSON.stringify({ update_id: 5, message });
    this.#expectRefusal("https://edge.sim/telegram/webhook", headers, body);
  }

  /** The same claims under another signature, at each of the two doors. */
  #forgeJws(): void {
    const known = this.#signed[this.#prng.nextInt(Math.max(1, this.#signed.length))];
    const [head, claims, signature] = (known?.body ?? "").split(".");
    if (known === undefined || claims === undefined || signature === undefined) return;
    this.#note("executor/forged job", "stranger: posts a job with a wrong signature");
    // One bit is enough, and it stays a well-formed signature.
    const first = signature.startsWith("A") ? "B" : "A";
    const forged = `${head}.${claims}.${first}${signature.slice(1)}`;
    this.#forged.add(forged);
    const isDirect = this.#prng.nextFloat() < 0.5;
    const url = isDirect ? known.url : "https://edge.sim/internal/redeliver";
    this.#expectRefusal(url, known.headers ?? {}, forged);
  }

  /** Copied from the wire and sent again, soon or long after it expired. */
  #replay(): void {
    const known = this.#signed[this.#prng.nextInt(Math.max(1, this.#signed.length))];
    if (known === undefined) return;
    this.#note("executor/replayed job", "stranger: sends a copied job again");
    this.#stranger.fetch({ ...known, timeoutMs: 5_000 }).catch(() => undefined);
  }

  #duplicateQueued(): void {
    const messages = [...this.#at.qstash.messages.values()];
    const message = messages[this.#prng.nextInt(Math.max(1, messages.length))];
    if (message === undefined) return;
    this.#note("qstash/duplicate", `qstash: delivers ${message.id} once more`);
    this.#at.qstash.duplicate(message.id).catch(() => undefined);
  }

  #flood(): void {
    this.#note("telegram/flood wait", "telegram: answers 429 for a while");
    this.#at.telegram.flood(1 + this.#prng.nextInt(20));
  }

  #expectRefusal(url: string, headers: NetRequest["headers"], body: string): void {
    const request = { url, method: "POST" as const, headers: headers ?? {}, body };
    this.#stranger.fetch({ ...request, timeoutMs: 5_000 }).then(
      ({ status, body: answer }) => {
        if (status >= 200 && status < 300 && answer !== GARBAGE) {
          this.#at.onViolation("forgery", `${url} answered ${status} to a forged message`);
        }
      },
      () => undefined,
    );
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }

  #every(meanMs: number, act: () => void): void {
    if (meanMs === 0) return;
    const again = (): void => {
      this.#at.world.after(meanMs / 2 + this.#prng.nextInt(meanMs), () => {
        if (!this.#isOn) return;
        act();
        again();
      });
    };
    again();
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#prng.nextInt(list.length)] as T;
  }
}

function messageOf(userId: number, text: string, date: number): Record<string, unknown> {
  const person = { id: userId, is_bot: false, first_name: `Person ${userId}` };
  const chat = { id: userId, type: "private", first_name: person.first_name };
  return { message_id: 900_000, from: person, chat, date, text };
}

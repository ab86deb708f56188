import { type Cron, deriveNextCronMs, parseCron } from "./cron.ts";
import type { DueQueue } from "./due-queue.ts";
import type { MessageSpec } from "./qstash-spec.ts";

export interface QstashSchedule {
  id: string;
  cronText: string;
  cron: Cron;
  spec: MessageSpec;
  isPaused: boolean;
  createdAtMs: number;
  lastFiredMs: number | undefined;
  nextFireMs: number | undefined;
  /** The last messages it made, newest last. */
  messageIds: string[];
}

export type ScheduleResult = { ok: true; scheduleId: string } | { ok: false; reason: string };

export interface QstashSchedulesOptions {
  due: DueQueue;
  nowMs(): number;
  generateId(): string;
  /** Makes one message of the schedule and answers its id. */
  publish(spec: MessageSpec, scheduleId: string): string;
}

const SCHEDULES_MAX = 1_000;
const MESSAGE_IDS_MAX = 20;

/** Cron schedules; each tick publishes one message. */
export class QstashSchedules {
  readonly #options: QstashSchedulesOptions;
  readonly #schedules = new Map<string, QstashSchedule>();
  readonly #cancels = new Map<string, () => void>();

  constructor(options: QstashSchedulesOptions) {
    this.#options = options;
  }

  /** Creates the schedule, or overwrites the one with the same id. */
  upsert(spec: MessageSpec): ScheduleResult {
    const parsed = parseCron(spec.cron ?? "");
    if (!parsed.ok) return { ok: false, reason: `Invalid cron expression ${parsed.reason}` };
    const id = spec.scheduleId ?? this.#options.generateId();
    const old = this.#schedules.get(id);
    if (old === undefined && this.#schedules.size >= SCHEDULES_MAX) {
      return { ok: false, reason: `quota maxSchedules exceeded, limit: ${SCHEDULES_MAX}` };
    }
    const schedule: QstashSchedule = {
      id,
      cronText: spec.cron ?? "",
      cron: parsed.cron,
      spec,
      isPaused: old?.isPaused ?? false,
      createdAtMs: old?.createdAtMs ?? this.#options.nowMs(),
      lastFiredMs: old?.lastFiredMs,
      nextFireMs: undefined,
      messageIds: old?.messageIds ?? [],
    };
    this.#schedules.set(id, schedule);
    this.#arm(schedule);
    return { ok: true, scheduleId: id };
  }

  get(id: string): QstashSchedule | undefined {
    return this.#schedules.get(id);
  }

  list(): QstashSchedule[] {
    return [...this.#schedules.values()];
  }

  delete(id: string): boolean {
    this.#disarm(id);
    return this.#schedules.delete(id);
  }

  setPaused(id: string, isPaused: boolean): boolean {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined) return false;
    schedule.isPaused = isPaused;
    this.#arm(schedule);
    return true;
  }

  /** Fires now, paused or not, without touching the next regular tick. */
  runNow(id: string): string | undefined {
    const schedule = this.#schedules.get(id);
    return schedule === undefined ? undefined : this.#fire(schedule);
  }

  #fire(schedule: QstashSchedule): string {
    schedule.lastFiredMs = this.#options.nowMs();
    const messageId = this.#options.publish(schedule.spec, schedule.id);
    schedule.messageIds = [...schedule.messageIds, messageId].slice(-MESSAGE_IDS_MAX);
    return messageId;
  }

  /** Ticks that passed while a clock jumped are made up for by one tick, not by all of them. */
  #arm(schedule: QstashSchedule): void {
    this.#disarm(schedule.id);
    const nextMs = deriveNextCronMs(schedule.cron, this.#options.nowMs());
    schedule.nextFireMs = schedule.isPaused ? undefined : nextMs;
    if (schedule.nextFireMs === undefined) return;
    const cancel = this.#options.due.at(schedule.nextFireMs, () => {
      this.#fire(schedule);
      this.#arm(schedule);
    });
    this.#cancels.set(schedule.id, cancel);
  }

  #disarm(id: string): void {
    this.#cancels.get(id)?.();
    this.#cancels.delete(id);
  }
}

import { USER } from "../engine/engine-fixture.ts";
import { delivered, say } from "./chat-fixture.ts";
import type { JobDesk } from "./jobs-fixture.ts";

/** The newest message of the chat, and what stands in it. */
export class Chat {
  readonly jobs: JobDesk;
  key = "";
  #place = 5;

  constructor(jobs: JobDesk) {
    this.jobs = jobs;
  }

  get text(): string {
    return this.jobs.desk.store.outbox(this.key)?.content.text ?? "";
  }

  labels(): string[] {
    return this.#buttons().map(({ text }) => text);
  }

  async press(label: string): Promise<string> {
    const button = this.#buttons().find(({ text }) => text.startsWith(label));
    if (button === undefined || !("callbackData" in button)) {
      throw new Error(`expected a button ${label}, was ${this.labels().join(", ")}`);
    }
    const job = this.jobs.press(button.callbackData, { messageId: this.#place });
    await say(this.jobs, job);
    const { store } = this.jobs.desk;
    const fresh = `job:${job.id}`;
    if (store.outbox(fresh) !== undefined) return this.#sent(fresh);
    this.key = `msg:${USER}:${this.#place}`;
    await delivered(this.jobs, this.key, this.#place);
    return this.text;
  }

  async type(text: string): Promise<string> {
    const job = { ...this.jobs.head(), kind: "say" as const, text };
    await say(this.jobs, job);
    return this.#sent(`job:${job.id}`);
  }

  async show(screen: "positions" | "settings"): Promise<string> {
    const job = { ...this.jobs.head(), kind: "showScreen" as const, screen };
    await say(this.jobs, job);
    return this.#sent(`job:${job.id}`);
  }

  async #sent(key: string): Promise<string> {
    this.key = key;
    this.#place += 1;
    await delivered(this.jobs, key, this.#place);
    return this.text;
  }

  #buttons() {
    return this.jobs.desk.store.outbox(this.key)?.content.keyboard.flat() ?? [];
  }
}

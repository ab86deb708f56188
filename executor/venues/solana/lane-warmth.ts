import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type Net, NetFailure } from "@raptor/shared/seams/net.ts";

export interface LaneWarmthDeps {
  net: Net;
  clock: Clock;
  /** Addresses that may be asked for free, on the same host as the lane. */
  urls: readonly string[];
  timeoutMs: number;
}

/** Servers close an idle connection after about a minute; opening one costs more than a slot. */
const PING_MS = 20_000;
const RESPONSE_BYTES_MAX = 64 * 1024;

/** Keeps connections open to lanes that offer a ping, so that an exit finds them so. */
export class LaneWarmth {
  readonly #deps: LaneWarmthDeps;
  #stop: AbortController | undefined;
  #pinging: Promise<void> = Promise.resolve();

  constructor(deps: LaneWarmthDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stop !== undefined || this.#deps.urls.length === 0) return;
    this.#stop = new AbortController();
    this.#pinging = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#pinging;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#deps.urls.map((url) => this.#ping(url)));
      await this.#deps.clock.sleep(PING_MS, signal);
    }
  }

  /** Whatever it answers, the connection is open; whether the lane works, its sends tell. */
  async #ping(url: string): Promise<void> {
    const { net, timeoutMs } = this.#deps;
    try {
      await net.fetch({ url, method: "GET", timeoutMs, responseBytesMax: RESPONSE_BYTES_MAX });
    } catch (error) {
      if (!(error instanceof NetFailure)) throw error;
    }
  }
}

/** Only Sender has an address for it; the others would count a ping as a call. */
export function pingUrlsOf(
  services: readonly { taker: string; urls: readonly string[] }[],
): string[] {
  return services
    .filter(({ taker }) => taker === "helius")
    .flatMap(({ urls }) => urls.map((url) => new URL("/ping", url).href));
}

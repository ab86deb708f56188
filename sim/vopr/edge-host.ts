import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import { createEdge } from "../../edge/app.ts";
import type { EdgeSeams } from "../../edge/services.ts";
import type { Network } from "./network.ts";
import { createKeptLog, type LogLine } from "./quiet-log.ts";
import { simSettings } from "./settings.ts";
import { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** The Worker: one isolate at a time, which may be thrown away at any moment. */
export class EdgeHost {
  readonly #world: World;
  readonly #network: Network;
  readonly #prng: Prng;
  readonly #lines: LogLine[];
  readonly #onLine: (line: LogLine) => void;
  #process: SimProcess;

  constructor(
    world: World,
    network: Network,
    prng: Prng,
    lines: LogLine[],
    onLine: (line: LogLine) => void,
  ) {
    this.#world = world;
    this.#network = network;
    this.#prng = prng;
    this.#lines = lines;
    this.#onLine = onLine;
    network.serve("edge.sim", undefined);
    this.#process = this.#start();
  }

  /** A new isolate; what the old one had begun is never finished. */
  evict(): void {
    this.#process.kill();
    this.#process = this.#start();
  }

  #start(): SimProcess {
    const process = new SimProcess(this.#world, () => 0);
    const edge = createEdge(this.#seams(process));
    this.#network.attach("edge.sim", (request) => process.guard(answer(edge, request)));
    return process;
  }

  #seams(process: SimProcess): EdgeSeams {
    const clock = process.clock();
    return {
      env: simSettings().edge,
      clock,
      net: this.#network.netOf(process),
      ids: createIds(this.#prng),
      log: createKeptLog(() => this.#world.nowMs, this.#lines, this.#onLine),
      // A failure behind the answer is the platform's to log; the edge already counted it.
      waitUntil: (work) => void work.catch(() => undefined),
      counter: () => Promise.resolve(undefined),
    };
  }
}

export function createIds(prng: Prng): { token(byteCount: number): string } {
  return {
    token: (byteCount) =>
      Buffer.from(Array.from({ length: byteCount }, () => prng.nextInt(256))).toString("base64url"),
  };
}

async function answer(
  edge: { fetch(request: Request): Promise<Response> },
  { url, method, headers, body }: NetRequest,
): Promise<NetResponse> {
  const init: RequestInit = { method, headers: { ...headers } };
  if (body !== undefined && method !== "GET") init.body = body;
  const response = await edge.fetch(new Request(url, init));
  const { status } = response;
  return { status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import {
  type Net,
  NetFailure,
  type NetRequest,
  type NetResponse,
  type NetSocket,
  type NetSocketHandlers,
} from "@raptor/shared/seams/net.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

export type Service = (request: NetRequest) => NetResponse | Promise<NetResponse>;
export type SocketService = (handlers: NetSocketHandlers) => NetSocket;

/** How often each thing goes wrong on the way to one host, 0 to 1. */
export interface LinkFaults {
  refused: number;
  lost: number;
  /** Done, and then only silence. */
  executedTimeout: number;
  reset: number;
  tooMany: number;
  unavailable: number;
  /** Done, and then an error status. */
  executedError: number;
  duplicated: number;
  slow: number;
  garbage: number;
}

export const NO_FAULTS: LinkFaults = {
  refused: 0,
  lost: 0,
  executedTimeout: 0,
  reset: 0,
  tooMany: 0,
  unavailable: 0,
  executedError: 0,
  duplicated: 0,
  slow: 0,
  garbage: 0,
};

export type LinkFault = keyof LinkFaults;
const LINK_FAULTS = Object.keys(NO_FAULTS) as LinkFault[];

/** What stands between may answer anything, even with a status of success. */
export const GARBAGE = "<html>upstream</html>";

interface Host {
  service: Service | undefined;
  socket: SocketService | undefined;
  faults: LinkFaults;
  downUntilMs: number;
  /** One fault that meets every request for a while, whatever else is drawn. */
  spell: { fault: LinkFault; untilMs: number } | undefined;
}

export interface NetworkHooks {
  onFault(name: string): void;
  /** Every request at the moment it leaves a living process. */
  onRequest(host: string, request: NetRequest): void;
  /** A service has made its answer, also when nobody waits for it any more. */
  onAnswered(host: string, request: NetRequest, response: NetResponse): void;
  /** An answer reaches the living caller. */
  onDelivered(host: string, request: NetRequest, response: NetResponse): void;
  onTrace(host: string, request: NetRequest, outcome: string): void;
}

/** All hosts of the world, and everything that can go wrong between them. */
export class Network {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #hooks: NetworkHooks;
  readonly #hosts = new Map<string, Host>();
  /** Most requests go to a dozen addresses; taking one apart costs as much as answering it. */
  readonly #hostOf = new Map<string, string>();

  constructor(world: World, prng: Prng, hooks: NetworkHooks) {
    this.#world = world;
    this.#prng = prng;
    this.#hooks = hooks;
  }

  serve(host: string, service: Service | undefined, socket?: SocketService): void {
    this.#hosts.set(host, { service, socket, faults: NO_FAULTS, downUntilMs: 0, spell: undefined });
  }

  /** The program behind a host, or nobody while none runs. */
  attach(host: string, service: Service | undefined): void {
    this.#host(host).service = service;
  }

  setFaults(host: string, faults: LinkFaults): void {
    this.#host(host).faults = faults;
  }

  takeDown(host: string, ms: number): void {
    this.#host(host).downUntilMs = this.#world.nowMs + ms;
    this.#hooks.onFault(`${groupOf(host)}/down`);
  }

  castSpell(host: string, fault: LinkFault, ms: number): void {
    this.#host(host).spell = { fault, untilMs: this.#world.nowMs + ms };
  }

  calm(): void {
    for (const host of this.#hosts.values()) {
      host.faults = NO_FAULTS;
      host.downUntilMs = 0;
      host.spell = undefined;
    }
  }

  hosts(): string[] {
    return [...this.#hosts.keys()];
  }

  /** The network as one process sees it. */
  netOf(process: SimProcess): Net {
    return {
      fetch: (request) => this.#fetch(process, request),
      connect: (url, handlers) => this.#connect(process, url, handlers),
    };
  }

  #host(name: string): Host {
    const found = this.#hosts.get(name);
    if (found === undefined) throw new Error(`expected a known host, was ${name}`);
    return found;
  }

  #fetch(process: SimProcess, request: NetRequest): Promise<NetResponse> {
    return new Promise((resolve, reject) => {
      if (!process.isAlive) return;
      const host = this.#hostIn(request.url);
      this.#hooks.onRequest(host, request);
      let isOver = false;
      const end = (outcome: string, settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        timeout.cancel();
        this.#hooks.onTrace(host, request, outcome);
        process.enter(settle);
      };
      const fail = (kind: "refused" | "timeout" | "reset"): void =>
        end(kind, () => reject(new NetFailure(kind, host)));
      const timeout = this.#world.after(request.timeoutMs, () => fail("timeout"));
      const answer = (response: NetResponse): void =>
        end(String(response.status), () => {
          this.#hooks.onDelivered(host, request, response);
          resolve(response);
        });
      this.#travel(this.#host(host), host, request, { fail, answer });
    });
  }

  #hostIn(url: string): string {
    let host = this.#hostOf.get(url);
    if (host === undefined) {
      host = new URL(url).host;
      this.#hostOf.set(url, host);
    }
    return host;
  }

  #travel(
    host: Host,
    name: string,
    request: NetRequest,
    ends: { fail(kind: "refused" | "reset"): void; answer(response: NetResponse): void },
  ): void {
    const fault = this.#pickFault(host);
    if (fault !== undefined) this.#hooks.onFault(`${groupOf(name)}/${fault}`);
    const thereMs = this.#latencyMs() + (fault === "slow" ? 200 + this.#prng.nextInt(6_000) : 0);
    const backMs = this.#latencyMs();
    const later = (response: NetResponse): void =>
      void this.#world.after(backMs, () => ends.answer(response));
    const act = (then: (response: NetResponse) => void): void => {
      const answered = (response: NetResponse): void => {
        this.#hooks.onAnswered(name, request, response);
        then(response);
      };
      this.#world.after(thereMs, () => this.#act(host, request, answered, ends));
    };
    const isDown = host.downUntilMs > this.#world.nowMs;
    if (isDown) {
      if (this.#prng.nextFloat() < 0.5) this.#world.after(1, () => ends.fail("refused"));
      return;
    }
    switch (fault) {
      case "refused":
        return void this.#world.after(1, () => ends.fail("refused"));
      case "lost":
        return;
      case "executedTimeout":
        return act(() => undefined);
      case "reset":
        return act(() => ends.fail("reset"));
      case "tooMany":
        return later(plain(429, { "retry-after": "1" }));
      case "unavailable":
        return later(plain(503, {}));
      case "executedError":
        return act(() => later(plain(500, {})));
      case "garbage":
        return act(() => later({ status: 200, headers: {}, body: GARBAGE }));
      case "duplicated":
        act(() => undefined);
        return act(later);
      default:
        return act(later);
    }
  }

  #act(
    host: Host,
    request: NetRequest,
    then: (response: NetResponse) => void,
    ends: { fail(kind: "refused" | "reset"): void },
  ): void {
    if (host.service === undefined) return ends.fail("refused");
    const response = host.service(request);
    if (!(response instanceof Promise)) return then(response);
    response.then(then, () => ends.fail("reset"));
  }

  #connect(process: SimProcess, url: string, handlers: NetSocketHandlers): NetSocket {
    const { host } = new URL(url);
    const entered: NetSocketHandlers = {
      onOpen: () => process.enter(() => handlers.onOpen()),
      onMessage: (text) => process.enter(() => handlers.onMessage(text)),
      onClose: (reason) => process.enter(() => handlers.onClose(reason)),
    };
    const { socket, downUntilMs } = this.#host(host);
    if (socket === undefined || downUntilMs > this.#world.nowMs) {
      this.#world.after(5, () => entered.onClose("refused"));
      return { send: () => undefined, close: () => undefined };
    }
    const opened = socket(entered);
    process.onEnd(() => opened.close());
    return {
      send: (text) => {
        if (process.isAlive) opened.send(text);
      },
      close: () => opened.close(),
    };
  }

  #pickFault({ faults, spell }: Host): LinkFault | undefined {
    if (spell !== undefined && this.#world.nowMs < spell.untilMs) return spell.fault;
    if (faults === NO_FAULTS) return undefined;
    let draw = this.#prng.nextFloat();
    for (const fault of LINK_FAULTS) {
      draw -= faults[fault];
      if (draw < 0) return fault;
    }
    return undefined;
  }

  #latencyMs(): number {
    return 1 + this.#prng.nextInt(25);
  }
}

/** `rpc0` and `rpc1` are one line of a coverage table. */
function groupOf(host: string): string {
  return host.replace(/\d*\.sim$/, "");
}

function plain(status: number, headers: Record<string, string>): NetResponse {
  return { status, headers, body: JSON.stringify({ error: `status ${status}` }) };
}

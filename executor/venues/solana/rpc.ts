import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { z } from "zod";
import { describeRpcFailure, RpcProvider, type RpcResult } from "./rpc-provider.ts";

export interface RpcDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  settings: { urls: readonly string[]; timeoutMs: number };
}

/**
 * How long slower nodes are waited for once one has answered: long enough for a healthy node far
 * away, short beside a block.
 */
const GRACE_MS = 120;

/** Several RPC nodes over one chain, of which any may be down, behind, or wrong. */
export class Rpc {
  readonly providers: readonly RpcProvider[];
  readonly #clock: Clock;
  readonly #log: Log;
  #genesisHash: string | undefined;
  readonly #confirmed = new Set<string>();
  /** Nodes of another chain: their answers are about somebody else's money. */
  readonly #foreign = new Set<string>();

  constructor(deps: RpcDeps) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    const names = providerNames(deps.settings.urls);
    this.providers = deps.settings.urls.map(
      (url, index) =>
        new RpcProvider(deps.net, deps.clock, deps.prng, {
          name: names[index] ?? "",
          url,
          timeoutMs: deps.settings.timeoutMs,
        }),
    );
  }

  /**
   * One good answer from whichever node gives it, the healthy ones first.
   * @throws RAPTOR_VENUE__UNAVAILABLE, __BAD_ANSWER or __RATE_LIMITED when no node gave one.
   */
  async ask<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> {
    let last: RpcResult<T> | undefined;
    for (const provider of this.#byHealth()) {
      const result = await provider.call(method, params, schema);
      if (result.ok) return result.value;
      last = result;
    }
    throw this.#errorOf(method, last);
  }

  /** Every node's own answer, for proofs and submissions: also the resting ones are asked. */
  askAll<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
  ): Promise<RpcResult<T>[]> {
    return Promise.all(this.providers.map((provider) => provider.call(method, params, schema)));
  }

  /**
   * Asks all, and takes the good answers that are there shortly after the first good one.
   * @throws as `ask` when no node gave a good answer.
   */
  async askSeveral<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
    graceMs = GRACE_MS,
  ): Promise<T[]> {
    const results = await this.raceAll(method, params, schema, (result) => result.ok, graceMs);
    const values = results.flatMap((result) => (result.ok ? [result.value] : []));
    if (values.length === 0) throw this.#errorOf(method, results[0]);
    return values;
  }

  /** The answer that ranks highest, so that a node that stands still does not decide. */
  async askNewest<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
    rankOf: (value: T) => number,
  ): Promise<T> {
    const values = await this.askSeveral(method, params, schema);
    return values.reduce((best, value) => (rankOf(value) > rankOf(best) ? value : best));
  }

  /** Gives the nodes time to catch up with one another. */
  pause(ms: number): Promise<void> {
    return this.#clock.sleep(ms);
  }

  /** Results so far, `graceMs` after the first that `isEnough`, or all when none is. */
  async raceAll<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
    isEnough: (result: RpcResult<T>) => boolean,
    graceMs = GRACE_MS,
  ): Promise<RpcResult<T>[]> {
    const results: RpcResult<T>[] = [];
    const abort = new AbortController();
    const enough = Promise.withResolvers<void>();
    const providers = this.#ownChain();
    const all = Promise.all(
      providers.map(async (provider) => {
        const result = await provider.call(method, params, schema);
        results.push(result);
        if (isEnough(result)) enough.resolve();
      }),
    );
    await Promise.race([all, enough.promise]);
    if (results.length < providers.length) {
      await Promise.race([all, this.#clock.sleep(graceMs, abort.signal)]);
      abort.abort();
    }
    return [...results];
  }

  /**
   * Asks every node which chain it serves; the first word counts. A node of another chain is a
   * mistake of configuration, and is never asked again.
   * @throws RAPTOR_VENUE__BAD_ANSWER when two nodes serve different chains.
   */
  async checkChain(): Promise<void> {
    let foreign: RaptorError | undefined;
    for (const result of await this.askAll("getGenesisHash", [], z.string().min(32).max(44))) {
      const { provider } = result;
      if (!result.ok) {
        const detail = describeRpcFailure(result.failure);
        this.#log.warn({ provider, detail }, "a node's chain was not confirmed");
        continue;
      }
      this.#genesisHash ??= result.value;
      if (result.value === this.#genesisHash) {
        this.#confirmed.add(provider);
        continue;
      }
      this.#foreign.add(provider);
      const context = { provider, expected: this.#genesisHash, was: result.value };
      this.#log.error(context, "a node serves another chain");
      const reason = "two RPC nodes serve different chains";
      foreign = new RaptorError("RAPTOR_VENUE__BAD_ANSWER", { reason, ...context });
    }
    if (foreign !== undefined) throw foreign;
  }

  /** Asks again when a node's chain is not known yet; one of another chain is left out. */
  async confirmChains(): Promise<void> {
    if (this.providers.every(({ name }) => this.hasConfirmedChain(name))) return;
    try {
      await this.checkChain();
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_VENUE__BAD_ANSWER")) throw error;
    }
  }

  /** Nodes that have not yet said which chain they serve take part in no proof. */
  hasConfirmedChain(provider: string): boolean {
    return this.#confirmed.has(provider);
  }

  health(): { name: string; ok: boolean; detail: string }[] {
    return this.providers.map((provider) => {
      const health = provider.health();
      if (this.hasConfirmedChain(provider.name)) return health;
      return { ...health, ok: false, detail: `chain not confirmed; ${health.detail}` };
    });
  }

  /** False for a node of another chain: nothing of ours is sent there. */
  isOwnChain(provider: string): boolean {
    return !this.#foreign.has(provider);
  }

  #ownChain(): RpcProvider[] {
    return this.providers.filter(({ name }) => !this.#foreign.has(name));
  }

  #byHealth(): RpcProvider[] {
    const rank = { closed: 0, "half-open": 1, open: 2 };
    return this.#ownChain().toSorted(
      (left, right) => rank[left.breaker.state()] - rank[right.breaker.state()],
    );
  }

  #errorOf(method: string, result: RpcResult<unknown> | undefined): RaptorError {
    const failure = result === undefined || result.ok ? undefined : result.failure;
    const detail = failure === undefined ? "no provider" : describeRpcFailure(failure);
    const context = { method, provider: result?.provider ?? "none", detail };
    if (failure?.kind === "garbage") return new RaptorError("RAPTOR_VENUE__BAD_ANSWER", context);
    if (failure?.kind === "http" && failure.status === 429) {
      return new RaptorError("RAPTOR_VENUE__RATE_LIMITED", context);
    }
    return new RaptorError("RAPTOR_VENUE__UNAVAILABLE", context);
  }
}

/** Hosts, numbered where one host serves twice. */
export function providerNames(urls: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return urls.map((url) => {
    const { host } = new URL(url);
    const count = (seen.get(host) ?? 0) + 1;
    seen.set(host, count);
    return count === 1 ? host : `${host}#${count}`;
  });
}

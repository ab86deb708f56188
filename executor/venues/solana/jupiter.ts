import type { Secret } from "@raptor/shared/values/secret.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { PriceSource } from "../../ports/market.ts";

export interface JupiterDeps {
  net: Net;
  clock: Clock;
  settings: { url: string; apiKey: Secret | undefined; timeoutMs: number };
}

export interface Jupiter extends PriceSource {
  health(): { name: string; ok: boolean; detail: string };
}

export function createJupiter(_deps: JupiterDeps): Jupiter {
  throw new Error("being built");
}

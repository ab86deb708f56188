import type { ExecutorEnv } from "@raptor/executor/env.ts";
import { createNamedPrng } from "../models/prng.ts";
import type { SeedPlots } from "./fault-driver.ts";
import { drawPlots, hasOneNonce, withPlots } from "./plots.ts";
import { simSettings } from "./settings.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";
import { hasLanes, themeOf } from "./themes.ts";

/** What a seed is about, before anything of it has happened. */
export function drawSeed(seed: number): { swarm: Swarm; plots: SeedPlots } {
  const theme = themeOf(seed);
  const plots = { drawn: drawPlots(seed, theme), prng: createNamedPrng(seed, "told plots") };
  const swarm = drawSwarm(createNamedPrng(seed, "swarm"), theme);
  return { swarm: withPlots(swarm, plots.drawn, plots.prng), plots };
}

/** What its desk is set to. */
export function deskOf(seed: number): ExecutorEnv {
  const { executor } = simSettings();
  const desks = hasLanes(seed) ? executor.withLanes : executor.plain;
  return hasOneNonce(seed, themeOf(seed)) ? desks.oneNonce : desks.usual;
}

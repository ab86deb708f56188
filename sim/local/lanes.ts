import type { Clock } from "@raptor/shared/seams/clock.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import type { LaneChain, LaneConduct } from "../models/lane-gate.ts";
import { createNamedPrng } from "../models/prng.ts";
import { startHeliusSender } from "../servers/helius-sender/server.ts";
import { startJito } from "../servers/jito/server.ts";
import { startJupiterSend } from "../servers/jupiter-send/server.ts";
import type { LaneServer } from "../servers/lanes/lane-server.ts";

/** Some are lost and all take a moment, as out there. */
const CONDUCT: LaneConduct = { lossShare: 0.05, delayMs: [5, 60] };

export interface Lanes {
  jito: LaneServer;
  heliusSender: LaneServer;
  jupiterSend: LaneServer;
  close(): Promise<void>;
}

/** The landing services of a local world, all in front of its one chain. */
export async function startLanes(options: {
  chain: LaneChain;
  clock: Clock;
  seed: number;
  jupiterKey: string;
  conduct?: LaneConduct | undefined;
}): Promise<Lanes> {
  const { chain, clock, seed, jupiterKey, conduct = CONDUCT } = options;
  const partsOf = (label: string) => ({
    chain,
    clock,
    conduct,
    prng: createNamedPrng(seed, label),
    faults: new FaultPlan(createNamedPrng(seed, `faults:${label}`)),
  });
  const [jito, heliusSender, jupiterSend] = await Promise.all([
    startJito(partsOf("jito")),
    startHeliusSender(partsOf("helius-sender")),
    startJupiterSend({ ...partsOf("jupiter-send"), apiKeys: [jupiterKey] }),
  ]);
  const servers = [jito, heliusSender, jupiterSend];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  return { jito, heliusSender, jupiterSend, close };
}

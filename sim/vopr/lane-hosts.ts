import type { Prng } from "@raptor/shared/seams/chance.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import { type LaneChain, LaneGate } from "../models/lane-gate.ts";
import type { LedgerChain } from "../models/ledger-chain.ts";
import { createPrng } from "../models/prng.ts";
import { SENDER_DIALECT } from "../servers/helius-sender/server.ts";
import { JITO_DIALECT } from "../servers/jito/server.ts";
import { answerLane } from "../servers/lanes/lane-server.ts";
import type { Network } from "./network.ts";
import { toNet, toSim } from "./services.ts";
import { FEES_HOST, LANE_HOSTS } from "./settings.ts";
import type { World } from "./world.ts";

/** Some are lost and all take a moment, as out there. */
const CONDUCT = { lossShare: 0.05, delayMs: [5, 60] } as const;

/** What estimates were seen to say: fractions, and what is no number at all. */
const ESTIMATES = ["120000", "48250.75", "0.5", "null", '"NaN"', "1e400", "{}", "-3"];

/** The landing services in front of the ledger: the same gates as in `npm start`. */
export function startLaneHosts(
  world: World,
  network: Network,
  prng: Prng,
  chain: LedgerChain,
): void {
  const dialects = { [LANE_HOSTS.jito]: JITO_DIALECT, [LANE_HOSTS.sender]: SENDER_DIALECT };
  for (const [host, dialect] of Object.entries(dialects)) {
    const { service, requestsPerSecond } = dialect;
    const gate = new LaneGate({
      chain: laneChainOf(chain),
      clock: world.clock(),
      prng: createPrng(prng.nextInt(2 ** 32)),
      conduct: CONDUCT,
      service,
      requestsPerSecond,
    });
    const faults = new FaultPlan(createPrng(prng.nextInt(2 ** 32)));
    network.serve(host, (request) => toNet(answerLane(gate, dialect, faults, toSim(request))));
  }
  const estimates = createPrng(prng.nextInt(2 ** 32));
  network.serve(FEES_HOST, () => ({
    status: 200,
    headers: {},
    body: `{"result":{"priorityFeeEstimate":${ESTIMATES[estimates.nextInt(ESTIMATES.length)]}}}`,
  }));
}

function laneChainOf(chain: LedgerChain): LaneChain {
  return {
    slots: chain.slots,
    submit: (wire) => chain.submit(Buffer.from(wire).toString("base64")),
    setLamports: (pubkey, lamports) => chain.layLamports(pubkey, lamports),
    simulate: (transaction) => chain.simulateParsed(transaction, chain.slots.head, false),
  };
}

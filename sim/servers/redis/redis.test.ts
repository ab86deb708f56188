import { describe } from "vitest";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { createPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { CONFORMANCE_TOKEN } from "./conformance-scene.ts";
import { describeRedisRest } from "./conformance.ts";
import { type RedisRestServer, startRedisRest } from "./index.ts";
import { isRedisServerInstalled } from "./redis-server-backend.ts";

function start(backend: "memory" | "redis-server"): Promise<RedisRestServer> {
  const prng = createPrng(1);
  return startRedisRest({
    backend,
    clock: new ShiftedClock(),
    prng,
    faults: new FaultPlan(prng),
    token: CONFORMANCE_TOKEN,
  });
}

describeRedisRest("Redis REST over memory", () => start("memory"));

const isInstalled = isRedisServerInstalled();
if (!isInstalled) {
  process.stderr.write(
    "\nSKIPPED: the Redis conformance suite against a real redis-server; " +
      "/usr/bin/redis-server is not installed (apt-get install redis-server)\n\n",
  );
}
describe.skipIf(!isInstalled)("with redis-server installed", () => {
  describeRedisRest("Redis REST over redis-server", () => start("redis-server"));
});

import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { describeCollections, describeStrings } from "./conformance-data.ts";
import { describeLimits, describeScripts, describeWindows } from "./conformance-limits.ts";
import { describeErrors, describeForms, describeOutage } from "./conformance-rest.ts";
import { createRedis, type Scene } from "./conformance-scene.ts";
import type { RedisRestServer } from "./index.ts";

/** What the edge's own clients may rely on, whatever stands behind the REST API. */
export function describeRedisRest(name: string, start: () => Promise<RedisRestServer>): void {
  describe(name, () => {
    const scene: Partial<Scene> = {};
    beforeAll(async () => {
      scene.server = await start();
      scene.redis = createRedis(scene.server.url);
    });
    beforeEach(async () => {
      await take(scene).redis.flushall();
    });
    afterAll(async () => {
      await scene.server?.close();
    });
    describeStrings(() => take(scene));
    describeCollections(() => take(scene));
    describeForms(() => take(scene));
    describeErrors(() => take(scene));
    describeLimits(() => take(scene));
    describeWindows(() => take(scene));
    describeScripts(() => take(scene));
    describeOutage(() => take(scene));
  });
}

function take(scene: Partial<Scene>): Scene {
  if (scene.server === undefined || scene.redis === undefined) throw new Error("expected a server");
  return { server: scene.server, redis: scene.redis };
}

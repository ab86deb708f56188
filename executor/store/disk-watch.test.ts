import { describe, it } from "vitest";
import type { Ballast } from "./ballast.ts";
import { DiskWatch } from "./disk-watch.ts";

function createWatch() {
  const disk = { isTight: false, hasRoom: false };
  const alerts: string[] = [];
  const ballast: Ballast = {
    isTight: () => disk.isTight,
    free: () => (disk.isTight = true),
    tend: async () => {
      if (disk.hasRoom) disk.isTight = false;
    },
  };
  return { disk, ballast, alerts, watch: new DiskWatch(ballast, (text) => alerts.push(text)) };
}

describe("the desk on a full disk", () => {
  it("holds entries from the moment the ballast is given up, and alerts once", async ({
    expect,
  }) => {
    const { disk, ballast, alerts, watch } = createWatch();
    await watch.tend();
    expect([watch.hold(), watch.health().ok, alerts]).toEqual([undefined, true, []]);
    ballast.free();
    expect(watch.hold()).toContain("buys wait");
    expect(watch.health()).toMatchObject({ name: "disk", ok: false });
    for (let round = 0; round < 3; round++) await watch.tend();
    expect(alerts).toEqual([expect.stringContaining("Buys stop")]);
    disk.hasRoom = true;
    await watch.tend();
    expect([watch.hold(), watch.health().ok]).toEqual([undefined, true]);
    expect(alerts.slice(1)).toEqual([expect.stringContaining("Buys go on")]);
  });

  it("alerts again when it fills up a second time", async ({ expect }) => {
    const { disk, ballast, alerts, watch } = createWatch();
    for (const hasRoom of [false, true, false]) {
      disk.hasRoom = hasRoom;
      if (!hasRoom) ballast.free();
      await watch.tend();
    }
    expect(alerts).toHaveLength(3);
  });
});

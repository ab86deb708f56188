import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { judgeClaim } from "./judge-claim.ts";
import { readMachineIdentity } from "./machine-identity.ts";

const directory = mkdtempSync(join(tmpdir(), "raptor-machine-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the machine of a lease", () => {
  it("is what the platform calls it", ({ expect }) => {
    expect(readMachineIdentity("148e21a2b43d89")).toBe("148e21a2b43d89");
  });

  it("is the running kernel where no platform names it, so that copied disks wait", ({
    expect,
  }) => {
    const machine = readMachineIdentity(undefined);
    expect(machine).toMatch(/^[0-9a-f-]{36}$/);
    expect(readMachineIdentity("")).toBe(machine);
    const other = join(directory, "boot_id");
    writeFileSync(other, "0c0ffee0-1111-4222-8333-444455556666\n");
    const copied = { holder: "new", volume: "v.1", machine: readMachineIdentity(undefined, other) };
    const row = {
      ...{ holder: "old", volume: "v.1", machine, epoch: 3 },
      ...{ renewals: 9, phase: "held" as const, headSeq: null },
    };
    expect(judgeClaim(row, copied)).toEqual({ may: "wait" });
    expect(judgeClaim(row, { ...copied, machine })).toEqual({ may: "take" });
  });

  it("is empty where neither is told", ({ expect }) => {
    expect(readMachineIdentity(undefined, join(directory, "none"))).toBe("");
  });
});

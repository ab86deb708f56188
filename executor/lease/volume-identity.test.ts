import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "vitest";
import { readVolumeIdentity, VOLUME_ID_FILE } from "./volume-identity.ts";

it("names a data directory for good, and a copy of it otherwise", ({ expect }) => {
  const directory = mkdtempSync(join(tmpdir(), "raptor-volume-"));
  const copy = `${directory}-copy`;
  let count = 0;
  const ids = { token: () => `volume-${count++}` };
  try {
    const name = readVolumeIdentity(directory, ids);
    expect(readVolumeIdentity(directory, ids)).toBe(name);
    cpSync(directory, copy, { recursive: true });
    expect(readVolumeIdentity(copy, ids)).not.toBe(name);
    // What a crash between creating and writing leaves is not a name.
    writeFileSync(join(directory, VOLUME_ID_FILE), "");
    expect(readVolumeIdentity(directory, ids)).toContain("volume-1");
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(copy, { recursive: true, force: true });
  }
});

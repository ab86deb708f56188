/**
 * Who may import whom. Everything not listed is denied; a room may always import itself.
 * `*` as the last part stands for one folder. Changing this table needs an ADR.
 */
export interface RoomRule {
  /** Path prefix of the room, from the root. */
  room: string;
  mayImport: readonly string[];
  /** Packages from npm that the room may use; absent means those of its package. */
  packages?: readonly string[];
}

export const ROOM_TABLE: readonly RoomRule[] = [
  { room: "shared/values", mayImport: [], packages: [] },
  { room: "shared/errors", mayImport: [], packages: [] },
  { room: "shared/seams", mayImport: [], packages: [] },
  { room: "shared/domain", mayImport: ["shared/values", "shared/errors", "shared/wire"] },
  { room: "shared/wire", mayImport: ["shared/values", "shared/domain", "shared/errors"] },
  { room: "edge", mayImport: ["shared"] },
  { room: "executor/ports", mayImport: ["shared"], packages: [] },
  { room: "executor/strategies", mayImport: ["shared", "executor/ports"], packages: [] },
  { room: "executor/venues/*", mayImport: ["shared", "executor/ports", "executor/pools"] },
  // Bytes to amounts and back, pure; the signer judges without it, see docs/adr on direct pools.
  { room: "executor/pools", mayImport: ["shared"], packages: [] },
  { room: "executor/signer", mayImport: ["shared", "executor/ports"], packages: [] },
  { room: "executor/fold", mayImport: ["shared"], packages: [] },
  // Judges what the other rooms wrote, so it may know none of them.
  { room: "executor/invariants", mayImport: ["shared"], packages: [] },
  {
    room: "executor/engine",
    mayImport: ["shared", "executor/ports", "executor/fold", "executor/strategies"],
    packages: [],
  },
  { room: "executor/screens", mayImport: ["shared"], packages: [] },
  {
    room: "executor/jobs",
    mayImport: ["shared", "executor/ports", "executor/engine", "executor/screens"],
    packages: [],
  },
  {
    room: "executor/store",
    mayImport: ["shared", "executor/ports", "executor/fold", "executor/invariants"],
    packages: [],
  },
  // The copy in Postgres folds and checks with the store's own code; see docs/adr on the mirror.
  {
    room: "executor/mirror",
    mayImport: ["shared", "executor/ports", "executor/fold", "executor/store"],
    packages: [],
  },
  { room: "executor/notify", mayImport: ["shared", "executor/ports", "executor/fold"] },
  {
    room: "executor/market",
    mayImport: ["shared", "executor/ports", "executor/fold", "executor/pools"],
  },
  { room: "executor/lease", mayImport: ["shared", "executor/ports"], packages: [] },
  // A composition of its own, see docs/adr/0012; nothing imports it.
  { room: "executor/cli", mayImport: ["shared", "executor"] },
  {
    room: "executor/server",
    mayImport: ["shared", "executor/ports", "executor/engine", "executor/jobs"],
  },
  // The composition: main.ts, create-executor.ts, build-*.ts, launch.ts, env.ts, settings.ts.
  { room: "executor", mayImport: ["shared", "executor"] },
  { room: "sim", mayImport: ["shared", "edge", "executor"] },
  { room: "bench", mayImport: ["shared", "executor", "sim"] },
  { room: "tools", mayImport: ["shared", "edge", "executor"] },
];

/** Files of a sealed room that others may import; everything else in it is private. */
export const SEALED_ROOMS: Readonly<Record<string, readonly string[]>> = {
  "executor/signer": ["executor/signer/index.ts", "executor/signer/core.ts"],
};

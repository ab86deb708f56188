import { hash } from "node:crypto";

/** What the first event names as its predecessor. */
export const GENESIS_HASH = "0".repeat(64);

/** The end of a chain, or the place where a compacted one begins. */
export interface Head {
  seq: number;
  hash: string;
}

export interface HashInput {
  prevHash: string;
  seq: number;
  tsMs: number;
  stream: string;
  kind: string;
  version: number;
  /** Canonical JSON. */
  payload: string;
}

/** SHA-256, hex. The head is JSON and the payload comes last, so no two inputs share a text. */
export function chainHash(input: HashInput): string {
  const { prevHash, seq, tsMs, stream, kind, version, payload } = input;
  const head = JSON.stringify([prevHash, seq, tsMs, stream, kind, version]);
  return hash("sha256", `${head}\n${payload}`, "hex");
}

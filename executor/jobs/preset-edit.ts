import { checkExitSpecs, SINGLE_EXIT_KINDS } from "@raptor/shared/domain/check-exits.ts";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { ExitEdit } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";

/** A preset after an edit; a position has one stop, so a new one takes its place. */
export function specsAfter(specs: readonly ExitSpec[], edit: ExitEdit): ExitSpec[] {
  if (edit.kind === "replace") return [...edit.specs];
  if (edit.kind === "remove") return [...specs];
  const { spec } = edit;
  const kept = specs.filter(
    ({ kind }) => kind !== spec.kind || !SINGLE_EXIT_KINDS.includes(spec.kind),
  );
  return [...kept, spec].toSorted((a, b) =>
    a.kind === "takeProfit" && b.kind === "takeProfit"
      ? a.gainBps - b.gainBps
      : Number(b.kind === "takeProfit") - Number(a.kind === "takeProfit"),
  );
}

/** Absolute prices mean nothing for a token that is not known yet. */
export function checkPreset(specs: readonly ExitSpec[], costBps: number): string[] {
  const problems = checkExitSpecs(specs, costBps);
  if (specs.some(({ kind }) => kind === "limitSell" || kind === "marketCap")) {
    problems.push("A limit or a market cap belongs to one token: add it to a position's exits.");
  }
  return problems;
}

/** @returns what speaks against it; nothing: new positions get these rules */
export function setPreset(
  tx: Tx,
  userId: number,
  specs: ExitSpec[],
  costBps: number,
  jobId: string,
): string[] {
  const problems = checkPreset(specs, costBps);
  if (problems.length > 0) return problems;
  const payload = { userId, specs, jobId };
  tx.append({ stream: `user:${userId}`, kind: "ExitPresetChanged", payload });
  return [];
}

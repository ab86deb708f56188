import { type ChainError, describeInstructionFailure, failedInstructionOf } from "./chain-error.ts";
import type { ModelEvent } from "./program-model.ts";
import type { ModelRun, Step } from "./transaction-plan.ts";

/** What a swap program would use; the plain transfers use far less. */
export const MODEL_UNITS = 90_000;
const FRAME_START = /^Program (\S+) invoke \[1\]$/;

/**
 * The machine's log with the transfers of a model instruction shown as calls made by the model's
 * program, which is how a node would show them.
 */
export function composeLogs(
  steps: readonly Step[],
  models: readonly ModelRun[],
  vmLogs: readonly string[],
  err: ChainError | null,
): string[] {
  const frames = splitFrames(vmLogs);
  const byOriginal = new Map<number, string[]>();
  for (const { originalIndex, instruction, isQuiet } of steps) {
    const matches = FRAME_START.exec(frames[0]?.[0] ?? "")?.[1] === instruction.programId;
    const frame = matches ? (frames.shift() ?? []) : [];
    if (isQuiet === true) continue;
    byOriginal.set(originalIndex, [...(byOriginal.get(originalIndex) ?? []), ...frame]);
  }
  const failedIndex = err === null ? undefined : failedInstructionOf(err);
  for (const model of models) {
    if (failedIndex !== undefined && model.originalIndex > failedIndex) continue;
    const calls = byOriginal.get(model.originalIndex) ?? [];
    const failure =
      err !== null && failedIndex === model.originalIndex
        ? describeInstructionFailure(err)
        : undefined;
    byOriginal.set(model.originalIndex, wrapModel(model, calls, failure));
  }
  return [...byOriginal].toSorted(([a], [b]) => a - b).flatMap(([, lines]) => lines);
}

function splitFrames(logs: readonly string[]): string[][] {
  const frames: string[][] = [];
  for (const line of logs) {
    if (FRAME_START.test(line) || frames.length === 0) frames.push([]);
    frames.at(-1)?.push(line);
  }
  return frames;
}

function wrapModel(model: ModelRun, calls: string[], failure: string | undefined): string[] {
  const { programId, meaning } = model;
  return [
    `Program ${programId} invoke [1]`,
    ...meaning.logs,
    ...calls.map((line) =>
      line.replace(/ invoke \[(\d+)\]$/, (_, depth: string) => ` invoke [${Number(depth) + 1}]`),
    ),
    ...(failure === undefined && meaning.kind === "transfers"
      ? (meaning.events ?? []).flatMap((event) => tellEvent(programId, event))
      : []),
    `Program ${programId} consumed ${MODEL_UNITS} of ${MODEL_UNITS} compute units`,
    failure === undefined
      ? `Program ${programId} success`
      : `Program ${programId} failed: ${failure}`,
  ];
}

/** Whoever reads events must look whose frame they stand in: any program can log the same bytes. */
function tellEvent(programId: string, event: ModelEvent): string[] {
  const line = `Program data: ${Buffer.from(event.data).toString("base64")}`;
  if (event.programId === programId) return [line];
  const frame = `Program ${event.programId}`;
  return [`${frame} invoke [2]`, line, `${frame} success`];
}

import { describe, it } from "vitest";
import { PlainAbortController, PlainSignal } from "./plain-abort.ts";

interface Signal {
  aborted: boolean;
  reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface Controller {
  signal: Signal;
  abort(reason?: unknown): void;
}

/** What is told, in order, of a story in which everything happens that a signal knows. */
function tell(create: () => Controller, any: (signals: Signal[]) => Signal): string[] {
  const told: string[] = [];
  const [first, second] = [create(), create()];
  const both = any([first.signal, second.signal]);
  const again = any([both]);
  const note = (text: string) => (): void => void told.push(text);
  const gone = note("gone");
  const twice = note("twice");
  both.addEventListener("abort", note("both"));
  again.addEventListener("abort", note("again"), { once: true });
  first.signal.addEventListener("abort", () => {
    told.push(`first, both is ${both.aborted}`);
    first.signal.removeEventListener("abort", gone);
    first.signal.addEventListener("abort", note("too late"));
  });
  first.signal.addEventListener("abort", gone);
  first.signal.addEventListener("abort", twice);
  first.signal.addEventListener("abort", twice);
  second.signal.addEventListener("abort", note("second"));
  first.abort("why");
  first.abort("once more");
  second.abort();
  const late = any([create().signal, second.signal]);
  told.push(`${String(both.reason)} ${late.aborted} ${(late.reason as Error).name}`);
  return told;
}

describe("the simulator's abort signals", () => {
  it("tell what the platform's tell, in the same order", ({ expect }) => {
    const own = tell(
      () => new PlainAbortController(),
      (signals) => PlainSignal.any(signals as PlainSignal[]),
    );
    const platform = tell(
      () => new AbortController(),
      (signals) => AbortSignal.any(signals as AbortSignal[]),
    );
    expect(own).toEqual(platform);
    expect(own).toContain("again");
  });
});

import { describe, test } from "vitest";
import { RestartPolicy } from "./restart-policy.ts";

describe("restarts", () => {
  test("wait twice as long each time, up to five seconds", ({ expect }) => {
    const policy = new RestartPolicy();
    const waits = [1, 2, 3, 4, 5, 6, 7].map((n) => policy.next(n, 0));
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test("come at once after a long life, and then wait as at first", ({ expect }) => {
    const policy = new RestartPolicy();
    policy.next(0, 0);
    policy.next(1_000, 0);
    expect(policy.next(40_000, 30_001)).toBe(0);
    expect(policy.next(41_000, 500)).toBe(250);
  });

  test("end with the twenty-first in five minutes, but go on for ever when rare", ({ expect }) => {
    const policy = new RestartPolicy();
    for (let n = 0; n < 20; n++) expect(policy.next(n * 1_000, 0)).toBeTypeOf("number");
    expect(policy.next(299_999, 0)).toBeUndefined();
    const rare = new RestartPolicy();
    for (let n = 0; n < 200; n++) expect(rare.next(n * 15_001, 0)).toBeTypeOf("number");
  });
});

import { format, inspect } from "node:util";
import { describe, it } from "vitest";
import { Secret } from "./secret.ts";

describe("a secret", () => {
  const secret = new Secret("hunter2");

  it("shows itself in no way of printing it", ({ expect }) => {
    const error = new Error("failed", { cause: { secret } });
    const printed = [
      String(secret),
      secret.toString(),
      JSON.stringify({ secret }),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
      inspect(error, { depth: 9 }),
      format("%s %o %j", secret, secret, secret),
      JSON.stringify(Object.entries(secret)),
    ].join("\n");
    expect(printed).toContain("[secret]");
    expect(printed).not.toContain("hunter2");
  });

  it("is revealed only to who asks for it by name", ({ expect }) => {
    expect(secret.reveal()).toBe("hunter2");
  });
});

import { describe, test } from "vitest";
import { accountTag, eventTag, instructionTag, selfCallTag } from "./discriminator.ts";
import { AMM_IDL, FEES_IDL, PUMP_IDL } from "./idl-fixture.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The descriptions come in camel case; programs hash the snake case of an instruction. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function pascal(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

describe("a discriminator computed from a name", () => {
  test("is that of the description, for everything in it", ({ expect }) => {
    let count = 0;
    for (const idl of [PUMP_IDL, AMM_IDL, FEES_IDL]) {
      for (const { name, discriminator } of idl.instructions) {
        // Numbers stay apart in the program's names: buy_v2.
        const tag = instructionTag(snake(name).replace(/(?<![_v\d])(v\d)$/, "_$1"));
        expect([...tag], name).toEqual(discriminator);
        count++;
      }
      for (const { name, discriminator } of idl.accounts) {
        expect([...accountTag(pascal(name))], name).toEqual(discriminator);
        count++;
      }
      for (const { name, discriminator } of idl.events) {
        expect([...eventTag(pascal(name))], name).toEqual(discriminator);
        count++;
      }
    }
    expect(count).toBeGreaterThan(150);
  });

  test("is the documented one for what no description here has yet", ({ expect }) => {
    expect(hex(instructionTag("buy_v3"))).toBe("07051dc4f5176550");
    expect(hex(instructionTag("sell_v3"))).toBe("1c92de7726c469d5");
    expect(hex(instructionTag("buy_exact_quote_in_v3"))).toBe("e1f7501ed5b38488");
    expect(hex(instructionTag("buy_exact_quote_in_v2"))).toBe("c2ab1c46684d5b2f");
    expect(hex(instructionTag("multi_hop_swap"))).toBe("2b644913e9f66f94");
    expect(hex(eventTag("PostCompleteBuyEvent"))).toBe("6fb06d8b316cd5fb");
    expect(hex(selfCallTag())).toBe("e445a52e51cb9a1d");
  });
});

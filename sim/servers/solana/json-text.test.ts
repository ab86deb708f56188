import { test } from "vitest";
import { encodeJson } from "./json-text.ts";

test("bigints become exact numbers and everything else is JSON as usual", ({ expect }) => {
  const value = {
    epoch: 18_446_744_073_709_551_615n,
    list: [null, "a\n", undefined],
    no: undefined,
  };
  expect(encodeJson(value)).toBe('{"epoch":18446744073709551615,"list":[null,"a\\n",null]}');
  expect(encodeJson(undefined)).toBe("null");
});

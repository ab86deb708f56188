import { ZERO_KEY } from "./programs.ts";

/**
 * One of the accounts that a program takes fees on. They are equal to us; the token decides
 * which, so that trades of different tokens do not all wait for one account and one token's stay
 * the same.
 */
export function chooseRecipient(recipients: readonly string[], mint: string): string | undefined {
  const usable = recipients.filter((key) => key !== ZERO_KEY);
  let sum = 0;
  for (let at = 0; at < mint.length; at++) sum += mint.charCodeAt(at);
  return usable[sum % Math.max(usable.length, 1)];
}

/** The longest name, ticker or other foreign word that a screen shows. */
export const FIELD_CHARS_MAX = 32;

/**
 * Makes a word from a chain, a venue or a person harmless to show: no control, bidirectional,
 * zero-width or unassigned formatting characters, no line breaks, no lone surrogates, nothing that
 * a chat makes a link or a command of, at most 32 characters. Never empty, so that a missing name
 * is visible.
 */
export function cleanField(text: string, charsMax = FIELD_CHARS_MAX): string {
  return unlinked(visibleOf(text, charsMax));
}

/**
 * Telegram makes `/kill`, `@somebot` and `claim.xyz` something to tap, also inside a token's name.
 * Their lookalikes read the same and lead nowhere.
 */
function unlinked(text: string): string {
  return text
    .replaceAll("/", "\u2215")
    .replaceAll("@", "\uFF20")
    .replace(/(?<=[^\s.])\.(?=[^\s.])/gu, "\u2024");
}

function visibleOf(text: string, charsMax: number): string {
  const visible = text
    .toWellFormed()
    .normalize("NFC")
    .replace(/\uFFFD/g, "")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0\u2800]/gu, "")
    .replace(/\p{M}{3,}/gu, "")
    .replace(/\s+/gu, " ")
    .trim();
  const chars = [...visible].slice(0, charsMax).join("").trim();
  return chars === "" ? "?" : chars;
}

/** The longest sentence that somebody else wrote and a screen shows: a reason, an error. */
export const TEXT_CHARS_MAX = 300;

/** The same for a sentence, which may name commands of ours. */
export function cleanText(text: string): string {
  return visibleOf(text, TEXT_CHARS_MAX);
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const CODES = [...ALPHABET].map((char) => char.charCodeAt(0));
const ZERO_CODE = ALPHABET.charCodeAt(0);
const NO_DIGIT = -1;
const DIGIT_OF = new Int8Array(128).fill(NO_DIGIT);
CODES.forEach((code, digit) => DIGIT_OF.set([digit], code));
/** Five digits make one limb: 58^5 times 2^16 still is an exact number. */
const LIMB_DIGITS = 5;
const LIMB = 58 ** LIMB_DIGITS;
const WORD = 2 ** 16;

/** Bytes to base58 (Bitcoin alphabet), leading zero bytes as `1`. */
export function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  const limbs: number[] = [];
  // Two bytes at a time; an odd count begins with one byte alone.
  for (let at = bytes.length % 2 === 0 ? 0 : -1; at < bytes.length; at += 2) {
    const high = at < 0 ? 0 : (bytes[at] as number);
    let carry = high * 256 + (bytes[at + 1] as number);
    for (let limb = 0; limb < limbs.length; limb++) {
      carry += (limbs[limb] as number) * WORD;
      // Exact, and many times faster than a remainder: numbers beyond 31 bits go through a library.
      const rest = Math.floor(carry / LIMB);
      limbs[limb] = carry - rest * LIMB;
      carry = rest;
    }
    if (carry > 0) limbs.push(carry);
  }
  // Put together from its end, text would keep a piece of memory for every digit of an address.
  const codes: number[] = [];
  for (const [place, limb] of limbs.entries()) {
    let rest = limb;
    const isFirst = place === limbs.length - 1;
    for (let digit = 0; isFirst ? rest > 0 : digit < LIMB_DIGITS; digit++) {
      codes.push(CODES[rest % 58] as number);
      rest = Math.floor(rest / 58);
    }
  }
  for (let zero = 0; zero < zeros; zero++) codes.push(ZERO_CODE);
  return String.fromCharCode(...codes.toReversed());
}

/** Base58 to bytes, or `undefined` when a character is outside the alphabet. */
export function decodeBase58(text: string): Uint8Array | undefined {
  let zeros = 0;
  while (zeros < text.length && text[zeros] === "1") zeros++;
  const words: number[] = [];
  // The first group takes what is left over of whole groups.
  let end = text.length % LIMB_DIGITS || LIMB_DIGITS;
  for (let at = 0; at < text.length; at = end, end += LIMB_DIGITS) {
    let carry = 0;
    for (let place = at; place < end; place++) {
      const digit = DIGIT_OF[text.charCodeAt(place)] ?? NO_DIGIT;
      if (digit === NO_DIGIT) return undefined;
      carry = carry * 58 + digit;
    }
    for (let word = 0; word < words.length; word++) {
      carry += (words[word] as number) * LIMB;
      const rest = Math.floor(carry / WORD);
      words[word] = carry - rest * WORD;
      carry = rest;
    }
    for (; carry > 0; carry = Math.floor(carry / WORD)) words.push(carry % WORD);
  }
  return bytesOf(words, zeros);
}

/** The words are least first; behind the zeros their bytes are most first. */
function bytesOf(words: readonly number[], zeros: number): Uint8Array {
  const last = words.at(-1);
  if (last === undefined) return new Uint8Array(zeros);
  const size = words.length * 2 - (last < 256 ? 1 : 0);
  const bytes = new Uint8Array(zeros + size);
  for (let at = 0; at < size; at++) {
    const word = words[at >> 1] as number;
    bytes[zeros + size - 1 - at] = at % 2 === 0 ? word & 0xff : word >> 8;
  }
  return bytes;
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const DIGIT_OF = new Map([...ALPHABET].map((char, digit) => [char, digit]));

/** Bytes to base58 (Bitcoin alphabet), leading zero bytes as `1`. */
export function encodeBase58(bytes: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let at = 0; at < digits.length; at++) {
      carry += (digits[at] as number) << 8;
      digits[at] = carry % 58;
      carry = (carry / 58) | 0;
    }
    while (carry > 0) {
      digits.push(carry % 58);
      carry = (carry / 58) | 0;
    }
  }
  let text = "";
  for (let at = 0; at < bytes.length && bytes[at] === 0; at++) text += "1";
  for (let at = digits.length - 1; at >= 0; at--) text += ALPHABET[digits[at] as number];
  return text;
}

/** Base58 to bytes, or `undefined` when a character is outside the alphabet. */
export function decodeBase58(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const char of text) {
    const digit = DIGIT_OF.get(char);
    if (digit === undefined) return undefined;
    let carry = digit;
    for (let at = 0; at < bytes.length; at++) {
      carry += (bytes[at] as number) * 58;
      bytes[at] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 0xff);
      carry >>= 8;
    }
  }
  for (let at = 0; at < text.length && text[at] === "1"; at++) bytes.push(0);
  return Uint8Array.from(bytes.toReversed());
}

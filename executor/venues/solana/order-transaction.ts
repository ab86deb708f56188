import { VersionedMessage } from "@solana/web3.js";

export type OrderVerdict = { usable: true } | { usable: false; reason: string };

const SIGNATURE_BYTES = 64;

/**
 * Whether a ready-made transaction of `/swap/v2/order` is one that this wallet could land alone:
 * the wallet pays the fee and no other signature is needed. Market makers' orders have another
 * payer and another signer, and are declined.
 */
export function isUsableOrder(transaction: string, wallet: string): OrderVerdict {
  const bytes = Buffer.from(transaction, "base64");
  const count = bytes[0] ?? 0;
  // More than 127 signatures would need a second length byte, and never fit into a packet.
  const messageAt = 1 + count * SIGNATURE_BYTES;
  if (count === 0 || count > 12 || bytes.length <= messageAt) {
    return { usable: false, reason: "its transaction cannot be read" };
  }
  let message: VersionedMessage;
  try {
    message = VersionedMessage.deserialize(bytes.subarray(messageAt));
  } catch {
    return { usable: false, reason: "its transaction cannot be read" };
  }
  const { header, staticAccountKeys } = message;
  if (staticAccountKeys[0]?.toBase58() !== wallet) {
    return { usable: false, reason: "somebody else pays its fee" };
  }
  if (header.numRequiredSignatures !== count) {
    return { usable: false, reason: "its transaction cannot be read" };
  }
  for (let at = 1; at < count; at++) {
    const signature = bytes.subarray(1 + at * SIGNATURE_BYTES, 1 + (at + 1) * SIGNATURE_BYTES);
    if (signature.some((byte) => byte !== 0)) continue;
    const signer = staticAccountKeys[at]?.toBase58() ?? "an unnamed account";
    return { usable: false, reason: `the signature of ${signer} is missing` };
  }
  return { usable: true };
}

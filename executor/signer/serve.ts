import type { Duplex } from "node:stream";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { SignerCore } from "./core.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import {
  parsePipeRequest,
  pipeRequestId,
  REASONS_MAX,
  type PipeAnswer,
  type PipeRequest,
} from "./pipe-protocol.ts";

/**
 * Answers requests in the order of their arrival until the pipe ends. A stream that is not one of
 * frames is ended at once: after a lost boundary nothing in it can be trusted.
 */
export function serveSigner(stream: Duplex, core: SignerCore): void {
  const reader = new FrameReader();
  stream.on("data", (piece: Buffer) => {
    let requests: unknown[];
    try {
      requests = reader.push(piece);
      for (const request of requests) stream.write(encodeFrame(answer(core, request)));
    } catch (error) {
      stream.destroy(isRaptorError(error) ? undefined : (error as Error));
    }
  });
}

function answer(core: SignerCore, value: unknown): PipeAnswer {
  const id = pipeRequestId(value);
  let request: PipeRequest;
  try {
    request = parsePipeRequest(value);
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_SIGNER__BAD_REQUEST")) throw error;
    return { id, op: "error", problem: String(error.context["problem"]) };
  }
  if (request.op === "sign") {
    const signed = core.sign(request.request);
    if (signed.outcome === "signed") return { id, op: "sign", answer: signed };
    // A longer list could not be read over there, which ends both processes.
    const reasons = signed.reasons.slice(0, REASONS_MAX);
    return { id, op: "sign", answer: { ...signed, reasons } };
  }
  if (request.op === "checkWallet") {
    return { id, op: "checkWallet", check: core.checkWallet(request.wallet) };
  }
  return { id, op: "createWallet", wallet: core.createWallet(request.walletId, request.userId) };
}

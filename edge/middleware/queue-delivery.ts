import type { EdgeServices } from "../services.ts";
import { readBody } from "./body.ts";
import { createProblem } from "./problem.ts";
import { checkQueueSignature, QUEUE_SIGNATURE_HEADER } from "./queue-signature.ts";

export interface QueueDelivery {
  text: string;
  messageId: string;
}

const MESSAGE_ID_PATTERN = /^[\w-]{1,128}$/;

/** Reads a request that must be QStash's, or the response that refuses it. */
export async function readQueueDelivery(
  services: EdgeServices,
  request: Request,
  path: string,
  bytesMax: number,
): Promise<QueueDelivery | Response> {
  const { env, clock, metrics, quietLog } = services;
  function refuse(reason: string): void {
    metrics.count("raptor_edge_refusals_total", { reason });
    quietLog(reason, { path }, "queue delivery refused");
  }
  // Without a signature nothing is read at all.
  const signature = request.headers.get(QUEUE_SIGNATURE_HEADER);
  const body = signature === null ? undefined : await readBody(request, bytesMax);
  if (body !== undefined && body.kind !== "body") {
    refuse(`queue-body-${body.kind}`);
    return createProblem("BODY_TOO_LARGE", path);
  }
  const problem = await checkQueueSignature(env, clock, {
    signature,
    url: `${env.PUBLIC_URL}${path}`,
    bytes: body?.bytes ?? new Uint8Array(),
  });
  const messageId = request.headers.get("upstash-message-id") ?? "";
  if (problem !== undefined || body === undefined || !MESSAGE_ID_PATTERN.test(messageId)) {
    refuse(`queue-signature-${problem ?? "message-id"}`);
    return createProblem("QUEUE_SIGNATURE", path);
  }
  return { text: body.text, messageId };
}

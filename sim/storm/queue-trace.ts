/** What became of a job in the queue, as the stand-in shows its messages. */
interface QueuedMessage {
  url: string;
  body?: string;
  state: string;
  retried: number;
}

/** For each job id its messages in the queue: whoever looks for a lost command begins here. */
export async function traceQueued(qstash: string): Promise<ReadonlyMap<string, string[]>> {
  const [messages, calls] = await Promise.all(
    ["messages", "deliveries"].map(async (name) => {
      const response = await fetch(`${qstash}/world/${name}`);
      return (await response.json()) as (QueuedMessage & { messageId: string; status?: number })[];
    }),
  );
  const statuses = new Map<string, string[]>();
  for (const { messageId, status = 0 } of calls ?? []) {
    statuses.set(messageId, [...(statuses.get(messageId) ?? []), String(status)]);
  }
  const found = new Map<string, string[]>();
  for (const { body, messageId, state, retried } of messages ?? []) {
    const jobId = jobIdOf(body);
    if (jobId === undefined) continue;
    const answers = statuses.get(messageId)?.join(" ") ?? "none";
    const told = `${state} after ${retried} retries, answers ${answers}`;
    found.set(jobId, [...(found.get(jobId) ?? []), told]);
  }
  return found;
}

/** Of the signed job that a message carries; undefined for a schedule's tick. */
function jobIdOf(body: string | undefined): string | undefined {
  const payload = body?.split(".")[1];
  if (payload === undefined) return undefined;
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as {
    job?: { id?: string };
  };
  return claims.job?.id;
}

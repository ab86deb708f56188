import type { Metrics } from "../../ports/metrics.ts";
import type { RpcSocket } from "./rpc-socket.ts";

export interface StreamCounts {
  accounts: number;
  stale: number;
  /** Streams that were silent about an account that moved, so far. */
  replaced: number;
  /** States of slots that cannot be, so far. */
  unbelieved: number;
}

export function reportStreams(
  metrics: Metrics,
  sockets: readonly RpcSocket[],
  { accounts, stale, replaced, unbelieved }: StreamCounts,
): void {
  metrics.gauge("stream_accounts", accounts);
  metrics.gauge("stream_accounts_stale", stale);
  metrics.gauge("stream_accounts_replaced", replaced);
  metrics.gauge("stream_accounts_unbelieved", unbelieved);
  for (const socket of sockets) {
    const labels = { stream: socket.name };
    const { silences, resubscribes, refusals, drops } = socket.counts();
    metrics.gauge("stream_silences", silences, labels);
    metrics.gauge("stream_resubscribes", resubscribes, labels);
    metrics.gauge("stream_refusals", refusals, labels);
    metrics.gauge("stream_drops", drops, labels);
  }
}

import { appendFileSync } from "node:fs";
import type { JournalEvent } from "../shared/domain/events.ts";
import type { Net } from "../shared/seams/net.ts";
import {
  createExecutor as createRealExecutor,
  type Executor,
  type ExecutorSeams,
} from "../executor/create-executor.ts";
import type { Signer } from "../executor/ports/signer.ts";

export type { Executor };

/** One way through the process, in milliseconds from what caused it. */
export interface ProbeLine {
  from: "notification" | "job";
  /** Whose job it is for: a buy or a sell, and what is on disk of it when. */
  side?: "buy" | "sell";
  acceptedMs?: number;
  approvedMs?: number;
  /** The signer is asked. */
  askedMs: number;
  /** Its answer is here. */
  signedMs: number;
  /** The attempt is on disk. */
  committedMs: number;
  /** The body is handed over for sending. */
  sentMs: number;
}

/** The real executor; each transaction that leaves it is followed back to what caused it. */
export function createExecutor(seams: ExecutorSeams): Executor {
  const probe = new Probe(process.env["BENCH_PROBE"] ?? "");
  seams.store.onCommit((events) => probe.committed(events));
  const executor = createRealExecutor({
    ...seams,
    net: watchNet(seams.net, probe),
    signer: watchSigner(seams.signer, probe),
  });
  const { api } = executor;
  const job = api.job.bind(api);
  api.job = (jws) => {
    probe.arrived("job");
    return job(jws);
  };
  return executor;
}

/** Works only where one thing happens at a time: it takes what comes next for what belongs here. */
class Probe {
  readonly #file: string;
  #startedMs = 0;
  #line: Partial<ProbeLine> = {};

  constructor(file: string) {
    this.#file = file;
  }

  arrived(from: ProbeLine["from"]): void {
    // Pools speak all the time; the job that is under way is not theirs.
    if (from === "notification" && this.#line.from === "job") return;
    this.#startedMs = performance.now();
    this.#line = { from };
  }

  asked(): void {
    this.#line.askedMs = this.#sinceMs();
  }

  signed(): void {
    this.#line.signedMs = this.#sinceMs();
  }

  committed(events: readonly JournalEvent[]): void {
    for (const { kind, payload } of events) {
      if (kind === "JobAccepted") this.#line.acceptedMs = this.#sinceMs();
      if (kind === "OrderInitialized") this.#line.side = payload.side;
      if (kind === "OrderApproved") this.#line.approvedMs = this.#sinceMs();
      if (kind === "AttemptPrepared") this.#line.committedMs = this.#sinceMs();
    }
  }

  sending(): void {
    const { from, committedMs } = this.#line;
    if (from === undefined || committedMs === undefined) return;
    const line = { ...this.#line, sentMs: this.#sinceMs() };
    this.#line = {};
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  #sinceMs(): number {
    return performance.now() - this.#startedMs;
  }
}

function watchNet(net: Net, probe: Probe): Net {
  return {
    fetch(request) {
      if (request.body?.includes('"sendTransaction"') === true) probe.sending();
      return net.fetch(request);
    },
    connect(url, handlers) {
      return net.connect(url, {
        ...handlers,
        onOpen: () => handlers.onOpen(),
        onClose: (reason) => handlers.onClose(reason),
        onMessage(text) {
          if (text.includes('"accountNotification"')) probe.arrived("notification");
          handlers.onMessage(text);
        },
      });
    },
  };
}

function watchSigner(signer: Signer, probe: Probe): Signer {
  return {
    createWallet: (walletId, userId) => signer.createWallet(walletId, userId),
    async sign(request) {
      probe.asked();
      const answer = await signer.sign(request);
      probe.signed();
      return answer;
    },
  };
}

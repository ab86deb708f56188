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
  /** What the process's own thread worked; the waits for disk and signer are not in it. */
  cpuMs: number;
  /** Questions over HTTP, asked and answered on the way; the awaited ones are among them. */
  answers: string[];
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
  #answers: string[] = [];
  #cpu = process.threadCpuUsage();

  constructor(file: string) {
    this.#file = file;
  }

  arrived(from: ProbeLine["from"]): void {
    // Pools speak all the time; the job that is under way is not theirs.
    if (from === "notification" && this.#line.from === "job") return;
    this.#startedMs = performance.now();
    this.#cpu = process.threadCpuUsage();
    this.#line = { from };
    this.#answers = [];
  }

  /** What it returns is called with the answer; what was asked for something earlier is dropped. */
  asking(name: string): () => void {
    const answers = this.#answers;
    return () => void answers.push(name);
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
    const { user, system } = process.threadCpuUsage(this.#cpu);
    const cpuMs = (user + system) / 1_000;
    const line = { ...this.#line, sentMs: this.#sinceMs(), cpuMs, answers: this.#answers };
    this.#line = {};
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  #sinceMs(): number {
    return performance.now() - this.#startedMs;
  }
}

function watchNet(net: Net, probe: Probe): Net {
  return {
    async fetch(request) {
      if (request.body?.includes('"sendTransaction"') === true) probe.sending();
      const method = /"method":"(\w+)"/.exec(request.body ?? "")?.[1];
      const answered = probe.asking(method ?? new URL(request.url).pathname);
      try {
        return await net.fetch(request);
      } finally {
        answered();
      }
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
    checkWallet: (wallet) => signer.checkWallet(wallet),
    async sign(request) {
      probe.asked();
      const answer = await signer.sign(request);
      probe.signed();
      return answer;
    },
  };
}

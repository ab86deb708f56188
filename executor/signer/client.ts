import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type {
  CreatedWallet,
  KnownWallet,
  SignAnswer,
  Signer,
  SignRequest,
  WalletCheck,
} from "../ports/signer.ts";
import { encodeFrame, FrameReader } from "./frames.ts";
import { parsePipeAnswer, type PipeAnswer, type PipeRequest } from "./pipe-protocol.ts";

/** The descriptor on which the launcher hands the main process its pipe to the signer. */
export const SIGNER_FD = 4;
/** Signing takes a fraction of a millisecond; a silent signer is stopped or stuck. */
const TIMEOUT_MS = 5_000;
/** More than all lanes and exits at once; beyond it something asks in a loop. */
const PENDING_MAX = 1_024;

export interface SignerClientOptions {
  stream: Duplex;
  clock: Clock;
  /** Called once, when the pipe ended or the signer fell silent: the process must end too. */
  onGone(): void;
  timeoutMs?: number;
}

export interface SignerClient extends Signer {
  /** Ends the pipe, which ends the signer. `onGone` is not called for it. */
  close(): void;
}

interface Waiting {
  resolve(answer: PipeAnswer): void;
  reject(error: RaptorError): void;
  deadlineMs: number;
}

/**
 * The signer behind the descriptor that the launcher passed.
 * @throws RAPTOR_SIGNER__GONE when the process was not started by the launcher.
 */
export function connectSigner(
  options: Omit<SignerClientOptions, "stream"> & { fd?: number },
): SignerClient {
  const fd = options.fd ?? SIGNER_FD;
  if (!isSocket(fd)) {
    throw new RaptorError("RAPTOR_SIGNER__GONE", { fd, hint: "start executor/launch.ts" });
  }
  const stream = new Socket({ fd, readable: true, writable: true });
  return createSignerClient({ ...options, stream });
}

/** Whether a descriptor is one of the launcher's pipes and not something that took its number. */
export function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBADF") return false;
    throw error;
  }
}

export function createSignerClient(options: SignerClientOptions): SignerClient {
  const connection = new SignerConnection(options);
  return {
    sign: (request) => connection.sign(request),
    createWallet: (walletId, userId) => connection.createWallet(walletId, userId),
    checkWallet: (wallet) => connection.checkWallet(wallet),
    close: () => connection.close(),
  };
}

class SignerConnection {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = new AbortController();
  #nextId = 1;
  #isWatching = false;
  #isClosing = false;

  constructor(options: SignerClientOptions) {
    this.#stream = options.stream;
    this.#clock = options.clock;
    this.#onGone = options.onGone;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const reader = new FrameReader();
    this.#stream.on("data", (piece: Buffer) => this.#receive(reader, piece));
    this.#stream.on("error", () => this.#fail("the pipe broke"));
    this.#stream.on("end", () => this.#fail("the pipe ended"));
    this.#stream.on("close", () => this.#fail("the pipe ended"));
  }

  async sign(request: SignRequest): Promise<SignAnswer> {
    const answer = await this.#ask((id) => ({ id, op: "sign", request }));
    if (answer.op === "sign") return answer.answer;
    throw this.#unexpected(answer);
  }

  async createWallet(walletId: string, userId: number): Promise<CreatedWallet> {
    const answer = await this.#ask((id) => ({ id, op: "createWallet", walletId, userId }));
    if (answer.op === "createWallet") return answer.wallet;
    throw this.#unexpected(answer);
  }

  async checkWallet(wallet: KnownWallet): Promise<WalletCheck> {
    const answer = await this.#ask((id) => ({ id, op: "checkWallet", wallet }));
    if (answer.op === "checkWallet") return answer.check;
    throw this.#unexpected(answer);
  }

  close(): void {
    this.#isClosing = true;
    this.#fail("the pipe was closed");
  }

  #ask(build: (id: number) => PipeRequest): Promise<PipeAnswer> {
    if (this.#ended.signal.aborted) return Promise.reject(gone("the pipe ended"));
    if (this.#waiting.size >= PENDING_MAX) {
      const problem = "too many requests are waiting";
      return Promise.reject(new RaptorError("RAPTOR_SIGNER__BAD_REQUEST", { problem }));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const frame = encodeFrame(build(id));
      const deadlineMs = this.#clock.monotonicMs() + this.#timeoutMs;
      this.#waiting.set(id, { resolve, reject, deadlineMs });
      this.#stream.write(frame);
      if (!this.#isWatching) void this.#watchDeadlines();
    });
  }

  /** One timer for all: the signer answers in order, so the oldest request falls due first. */
  async #watchDeadlines(): Promise<void> {
    this.#isWatching = true;
    for (;;) {
      const oldest = this.#waiting.values().next().value;
      if (oldest === undefined || this.#ended.signal.aborted) break;
      const leftMs = oldest.deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) {
        this.#fail("no answer in time");
        break;
      }
      await this.#clock.sleep(leftMs, this.#ended.signal);
    }
    this.#isWatching = false;
  }

  #receive(reader: FrameReader, piece: Buffer): void {
    try {
      for (const value of reader.push(piece)) {
        const answer = parsePipeAnswer(value);
        this.#waiting.get(answer.id)?.resolve(answer);
        this.#waiting.delete(answer.id);
      }
    } catch (error) {
      this.#fail(isRaptorError(error) ? "the answer cannot be read" : "the pipe broke");
    }
  }

  #fail(cause: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#stream.destroy();
    for (const waiting of this.#waiting.values()) waiting.reject(gone(cause));
    this.#waiting.clear();
    if (!this.#isClosing) this.#onGone();
  }

  #unexpected(answer: PipeAnswer): RaptorError {
    const problem = answer.op === "error" ? answer.problem : "the answer is to another question";
    return new RaptorError("RAPTOR_SIGNER__BAD_REQUEST", { problem });
  }
}

function gone(cause: string): RaptorError {
  return new RaptorError("RAPTOR_SIGNER__GONE", { cause });
}

import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { OperatorAnswer } from "../ports/operator.ts";

export interface OperatorSocketOptions {
  path: string;
  log: Log;
  answer(text: string): Promise<OperatorAnswer>;
  onFatal(error: unknown): void;
}

export interface OperatorSocket {
  close(): Promise<void>;
}

/** Only people at the machine connect, one command each. */
const CONNECTIONS_MAX = 8;
const REQUEST_BYTES_MAX = 4_096;
/** For a request to arrive, and for an answer to be taken. */
const IDLE_MS = 10_000;
/** Read and write for the owner alone, from the first instant on. */
const OWNER_ONLY_UMASK = 0o177;

/**
 * The machine's own door: a unix socket beside the journal. It is opened after the lock was taken,
 * so a socket that lies there already belongs to a process that is dead. A desk whose door cannot
 * be opened still has exits to watch: that is logged, and the desk goes on.
 */
export async function startOperatorSocket(options: OperatorSocketOptions): Promise<OperatorSocket> {
  const { path, log } = options;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(options, socket);
  });
  server.maxConnections = CONNECTIONS_MAX;
  try {
    rmSync(path, { force: true });
    await listen(server, path);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    log.error({ code, path }, "the command line cannot reach this process, its socket is not open");
    return { close: () => Promise.resolve() };
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The file is made inside the call, so the mask holds for it and for nothing else. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(OWNER_ONLY_UMASK);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(before);
    }
  });
}

function serve({ answer, onFatal }: OperatorSocketOptions, socket: Socket): void {
  let text = "";
  let isAnswered = false;
  const reply = (said: OperatorAnswer): void => void socket.end(`${JSON.stringify(said)}\n`);
  socket.setEncoding("utf8");
  // sim-ok: the socket's own limit; nothing of the desk waits for it.
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // Whoever asked went away; there is nobody to tell.
  socket.on("error", () => socket.destroy());
  socket.on("end", () => {
    if (!isAnswered) socket.destroy();
  });
  socket.on("data", (chunk: string) => {
    if (isAnswered) return;
    text += chunk;
    const end = text.indexOf("\n");
    if (end === -1 && text.length <= REQUEST_BYTES_MAX) return;
    isAnswered = true;
    if (end === -1) return reply({ ok: false, problem: "the request is too long" });
    // sim-ok: answering may wait for a commit longer than an idle peer would be kept.
    socket.setTimeout(0);
    answer(text.slice(0, end)).then(reply, onFatal);
  });
}

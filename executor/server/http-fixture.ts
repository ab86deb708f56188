import { connect, type Socket } from "node:net";
import type { ApiAnswer } from "./api.ts";
import type { HealthReport } from "./health.ts";
import { SERVER_LIMITS, startPublicServer, type HttpServerDeps } from "./http-server.ts";
import type { RunningServer, ServerLimits } from "./http-server.ts";
import { createNodeClock } from "./node-seams.ts";

export const HOST = "127.0.0.1";

export interface TestServer {
  server: RunningServer;
  url: string;
  /** What reached the API: `job <text>`, `read <text>`, `unread <problem>`. */
  calls: string[];
  fatal: unknown[];
  deepLooks: boolean[];
}

const REPORT: HealthReport = {
  status: 200,
  body: {
    phase: "ready",
    tradingState: "active",
    ok: true,
    epoch: 1,
    version: "test",
    dependencies: {},
  },
};

/** The public server on a free port, with an API that only writes down what reaches it. */
export async function startTestServer(
  options: {
    limits?: Partial<ServerLimits>;
    job?: () => Promise<ApiAnswer>;
    health?: HttpServerDeps["health"];
  } = {},
): Promise<TestServer> {
  const calls: string[] = [];
  const fatal: unknown[] = [];
  const deepLooks: boolean[] = [];
  const answered = async (): Promise<ApiAnswer> => ({ status: 202, body: { status: "accepted" } });
  const deps: HttpServerDeps = {
    api: {
      job(jws) {
        calls.push(`job ${jws}`);
        return (options.job ?? answered)();
      },
      read(jws) {
        calls.push(`read ${jws}`);
        return { status: 200, body: { positions: [] } };
      },
      refuseUnread(status, problem) {
        calls.push(`unread ${problem}`);
        return { status, body: { status: "error", code: problem } };
      },
    },
    async health(isDeep) {
      deepLooks.push(isDeep);
      return (await options.health?.(isDeep)) ?? REPORT;
    },
    metricsText: () => Promise.resolve("m 1\n"),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: createNodeClock(),
    onFatal: (error) => fatal.push(error),
  };
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const server = await startPublicServer(deps, { host: HOST, port: 0 }, limits);
  return { server, url: `http://${HOST}:${server.port}`, calls, fatal, deepLooks };
}

/** A bare socket, so that a test can stop in the middle of a request. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received = "";

  constructor(port: number) {
    this.socket = connect(port, HOST);
    this.socket.setEncoding("utf8");
    this.socket.on("data", (text: string) => (this.received += text));
    // A reset is one of the ends that tests wait for.
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  /** The first line of the answer, once there is one or the socket is closed. */
  async status(): Promise<string> {
    while (!this.received.includes("\r\n") && !this.socket.closed) await pause(5);
    return this.received.split("\r\n")[0] ?? "";
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function headOf(path: string, length: number): string {
  const type = "content-type: application/jose";
  return `POST ${path} HTTP/1.1\r\nhost: x\r\n${type}\r\ncontent-length: ${length}\r\n\r\n`;
}

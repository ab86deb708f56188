import { connect, type Socket } from "node:net";
import type { RedisReply } from "./backend.ts";
import { encodeCommand, RespReader } from "./resp.ts";

interface Waiter {
  resolve(reply: RedisReply): void;
  reject(error: Error): void;
}

/** One connection to a redis-server; replies come in the order of the commands. */
export class RedisConnection {
  readonly #socket: Socket;
  readonly #reader = new RespReader();
  #waiters: Waiter[] = [];
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      for (const reply of this.#reader.push(chunk)) this.#waiters.shift()?.resolve(reply);
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("redis-server closed the connection")));
  }

  /** Rejects when nothing listens at `path`. */
  static open(path: string): Promise<RedisConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RedisConnection(socket));
      });
    });
  }

  /** Sends all commands in one write, so that nothing comes between them. */
  send(commands: readonly (readonly string[])[]): Promise<RedisReply[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const replies = commands.map(
      () => new Promise<RedisReply>((resolve, reject) => this.#waiters.push({ resolve, reject })),
    );
    this.#socket.write(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(replies);
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}

/** An error that Redis answers; data, because it travels inside pipelines beside good answers. */
export class RedisFailure {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export type RedisReply = string | number | null | RedisFailure | RedisReply[];

/** What stands behind the REST API: a real redis-server or a store in memory. */
export interface RedisBackend {
  readonly name: "memory" | "redis-server";
  execute(command: readonly string[]): Promise<RedisReply>;
  /** All or nothing: a RedisFailure means that no command ran. */
  transaction(commands: readonly (readonly string[])[]): Promise<RedisReply[] | RedisFailure>;
  close(): Promise<void>;
}

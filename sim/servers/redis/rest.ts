import { json, type SimRequest, type SimResponse } from "../http.ts";
import { type RedisBackend, RedisFailure, type RedisReply } from "./backend.ts";

/** Commands that need a connection of their own, or would stop the server under the API. */
const REFUSED_COMMANDS = new Set(
  (
    "blpop brpop blmove brpoplpush bzpopmin bzpopmax wait watch unwatch multi exec discard " +
    "subscribe psubscribe ssubscribe monitor select auth hello quit reset shutdown debug config " +
    "replicaof slaveof client cluster sync psync save bgsave"
  ).split(" "),
);
const COMMANDS_MAX = 1_000;

class RestError extends Error {}

/** The four forms of the REST API: a path, a JSON array, `/pipeline` and `/multi-exec`. */
export async function answerRest(backend: RedisBackend, request: SimRequest): Promise<SimResponse> {
  if (!["GET", "HEAD", "POST", "PUT"].includes(request.method)) {
    return refuse(405, "ERR method not allowed");
  }
  try {
    if (request.path === "/pipeline") return await answerPipeline(backend, request);
    if (request.path === "/multi-exec") return await answerTransaction(backend, request);
    const isArrayForm = request.path === "/" || request.path === "";
    const command = isArrayForm ? readCommand(parseBody(request)) : readPathCommand(request);
    return answerReply(request, await runOne(backend, command));
  } catch (error) {
    if (error instanceof RestError) return refuse(400, error.message);
    throw error;
  }
}

export function refuse(status: number, message: string): SimResponse {
  return json(status, { error: message });
}

async function answerPipeline(backend: RedisBackend, request: SimRequest): Promise<SimResponse> {
  const commands = readCommands(request);
  const replies: RedisReply[] = [];
  for (const command of commands) replies.push(await runOne(backend, command));
  return json(
    200,
    replies.map((reply) => viewReply(request, reply)),
  );
}

async function answerTransaction(backend: RedisBackend, request: SimRequest): Promise<SimResponse> {
  const commands = readCommands(request);
  const refused = commands.map(checkAllowed).find((failure) => failure !== undefined);
  if (refused !== undefined) return refuse(400, refused.message);
  const replies = await backend.transaction(commands);
  if (replies instanceof RedisFailure) return refuse(400, replies.message);
  return json(
    200,
    replies.map((reply) => viewReply(request, reply)),
  );
}

async function runOne(backend: RedisBackend, command: readonly string[]): Promise<RedisReply> {
  return checkAllowed(command) ?? (await backend.execute(command));
}

function checkAllowed(command: readonly string[]): RedisFailure | undefined {
  const name = command[0] ?? "";
  const isRefused =
    REFUSED_COMMANDS.has(name.toLowerCase()) ||
    (/^xread/i.test(name) && command.some((word) => /^block$/i.test(word)));
  return isRefused ? new RedisFailure(`ERR Command is not available: '${name}'`) : undefined;
}

function answerReply(request: SimRequest, reply: RedisReply): SimResponse {
  return json(reply instanceof RedisFailure ? 400 : 200, viewReply(request, reply));
}

function viewReply(request: SimRequest, reply: RedisReply): unknown {
  if (reply instanceof RedisFailure) return { error: reply.message };
  const isBase64 = request.headers["upstash-encoding"] === "base64";
  return { result: isBase64 ? encodeBase64(reply) : viewNested(reply) };
}

/** Every text is encoded except the literal OK, which clients compare with before decoding. */
function encodeBase64(reply: RedisReply): unknown {
  if (typeof reply === "string") {
    return reply === "OK" ? reply : Buffer.from(reply, "utf8").toString("base64");
  }
  if (Array.isArray(reply)) return reply.map(encodeBase64);
  return reply instanceof RedisFailure ? reply.message : reply;
}

function viewNested(reply: RedisReply): unknown {
  if (Array.isArray(reply)) return reply.map(viewNested);
  return reply instanceof RedisFailure ? reply.message : reply;
}

/** `/set/key/value?EX=100`, or the value as the body: path, then body, then query. */
function readPathCommand(request: SimRequest): string[] {
  const words = request.path.slice(1).split("/").map(decodeWord);
  if (request.method === "POST" || request.method === "PUT") {
    if (request.body.length > 0) words.push(request.body.toString("utf8"));
  }
  for (const [name, value] of request.query) {
    if (name === "_token") continue;
    words.push(name);
    if (value !== "") words.push(value);
  }
  return words;
}

function decodeWord(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new RestError("ERR invalid escape in path");
    throw error;
  }
}

function readCommands(request: SimRequest): string[][] {
  const body = parseBody(request);
  if (!Array.isArray(body) || body.length === 0 || body.length > COMMANDS_MAX) {
    throw new RestError("ERR failed to parse pipeline request: expected an array of commands");
  }
  return body.map(readCommand);
}

function readCommand(value: unknown): string[] {
  if (!Array.isArray(value)) throw new RestError("ERR failed to parse command: expected an array");
  if (value.length === 0) throw new RestError("ERR empty command");
  return value.map((word: unknown) => {
    if (typeof word === "string") return word;
    if (typeof word === "number" || typeof word === "boolean") return String(word);
    throw new RestError("ERR failed to parse command: expected texts and numbers");
  });
}

function parseBody(request: SimRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new RestError("ERR failed to parse request body");
    throw error;
  }
}

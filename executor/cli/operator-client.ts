import { connect } from "node:net";
import { join } from "node:path";
import {
  OPERATOR_SOCKET_FILE,
  type OperatorAnswer,
  type OperatorRequest,
} from "../ports/operator.ts";

/**
 * `absent`: nobody listens, so no executor has this directory, or it is only starting. `silent`:
 * somebody took the request and did not answer; what was asked may have happened.
 */
export type OperatorReply =
  | { kind: "answer"; answer: OperatorAnswer }
  | { kind: "absent"; cause: string }
  | { kind: "silent"; cause: string };

const ANSWER_TIMEOUT_MS = 15_000;
/** Positions of a full desk take far less. */
const ANSWER_CHARS_MAX = 16 * 1024 * 1024;

/** Asks the executor of this data directory. Never throws. */
export function askOperator(dataDir: string, request: OperatorRequest): Promise<OperatorReply> {
  return new Promise((resolve) => {
    let text = "";
    let isSent = false;
    const socket = connect(join(dataDir, OPERATOR_SOCKET_FILE));
    const end = (reply: OperatorReply): void => {
      socket.destroy();
      resolve(reply);
    };
    const lose = (cause: string): void => end({ kind: isSent ? "silent" : "absent", cause });
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => lose("no answer in time"));
    socket.once("connect", () => {
      isSent = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_CHARS_MAX) lose("the answer is too long");
    });
    socket.once("end", () => {
      const answer = parseAnswer(text);
      if (answer === undefined) lose("the connection ended without an answer");
      else end({ kind: "answer", answer });
    });
    socket.once("error", (error) => lose((error as NodeJS.ErrnoException).code ?? error.message));
  });
}

function parseAnswer(text: string): OperatorAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("ok" in value)) return undefined;
    if (value.ok === true && "result" in value) return { ok: true, result: value.result };
    if (value.ok === false && "problem" in value) {
      return { ok: false, problem: String(value.problem) };
    }
    return undefined;
  } catch {
    return undefined;
  }
}

import { selfCallTag, startsWith } from "./discriminator.ts";

/** What a program itself said in one transaction. */
export interface OwnEvents {
  /** Payloads of its events, in order, discriminators included. */
  readonly payloads: readonly Uint8Array[];
  /** The node cut the log, so that events may be missing: the transaction has to be fetched. */
  readonly isCut: boolean;
}

const INVOKE = /^Program (\w{32,44}) invoke \[(\d+)\]$/;
const SUCCESS = /^Program (\w{32,44}) success$/;
const FAILED = /^Program (\w{32,44}) failed/;
const DATA = "Program data: ";
const CUT = "Log truncated";
const NOTHING: OwnEvents = { payloads: [], isCut: false };

/**
 * Events in the log of one transaction that `program` emitted. Any program can log the bytes of
 * any event, so a line counts only while `program` is the innermost one running. What programs
 * print starts with "Program log: " and is never taken for a line of the runtime. A transaction
 * in which a program failed had no effect, so its events are none.
 */
export function ownLogEvents(logs: readonly string[], program: string): OwnEvents {
  const running: string[] = [];
  const payloads: Uint8Array[] = [];
  for (const line of logs) {
    if (line === CUT) return { payloads, isCut: true };
    if (FAILED.test(line)) return NOTHING;
    const invoked = INVOKE.exec(line);
    if (invoked !== null) {
      // A log whose depth does not add up is not one this can be read from.
      if (Number(invoked[2]) !== running.length + 1) return { payloads: [], isCut: true };
      running.push(invoked[1] as string);
    } else if (SUCCESS.exec(line)?.[1] === running.at(-1) && running.length > 0) {
      running.pop();
    } else if (line.startsWith(DATA) && running.at(-1) === program) {
      payloads.push(...line.slice(DATA.length).split(" ").map(fromBase64));
    }
  }
  return { payloads, isCut: false };
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

/** An instruction that a program called inside a transaction, as a fetched transaction lists it. */
export interface InnerInstruction {
  readonly programId: string;
  readonly accounts: readonly string[];
  readonly data: Uint8Array;
}

const SELF_CALL = selfCallTag();

/**
 * Events that `program` handed to itself in inner instructions, which no node cuts. Such a call is
 * accepted by the program only with the signature of its event authority, an address that nobody
 * else can sign for; so the authority has to be its first account.
 */
export function ownSelfCalls(
  inner: readonly InnerInstruction[],
  program: string,
  eventAuthority: string,
): Uint8Array[] {
  return inner
    .filter(
      ({ programId, accounts, data }) =>
        programId === program && accounts[0] === eventAuthority && startsWith(data, SELF_CALL),
    )
    .map(({ data }) => data.subarray(SELF_CALL.length));
}

import { NetFailure, type NetRequest, type NetResponse } from "@raptor/shared/seams/net.ts";
import { z } from "zod";
import type { ExecutorEnv } from "../env.ts";
import { TIP_ACCOUNTS } from "../venues/solana/tip-accounts.ts";
import type { Finding } from "./doctor-machine.ts";
import type { DoctorServices } from "./doctor-services.ts";

const TIMEOUT_MS = 5_000;
const RESPONSE_BYTES_MAX = 64 * 1024;
const UNREACHED = "look at its status page; the other lanes carry the transactions meanwhile";
const tipAccounts = z.object({ result: z.array(z.string()).max(64) });

/** The landing services that are switched on are reached, without sending them anything. */
export async function checkLanes(deps: DoctorServices): Promise<Finding[]> {
  const { SEND_LANES: lanes, JITO_URLS } = deps.env;
  const checks = lanes.flatMap((lane) => {
    if (lane === "jito") return JITO_URLS.map((url) => checkJito(deps, url));
    return [lane === "helius" ? checkSender(deps) : checkJupiterSend(deps)];
  });
  return Promise.all(checks);
}

/** It also says where it takes tips now: elsewhere they would be paid in vain. */
async function checkJito(deps: DoctorServices, url: string): Promise<Finding> {
  const name = `lane jito ${new URL(url).host}`;
  const path = `${url.replace(/\/+$/, "")}/api/v1/bundles`;
  const headers = keyOf(deps.env.JITO_AUTH, "x-jito-auth");
  const response = await ask(deps, callOf(path, "getTipAccounts", headers));
  if (typeof response === "string") return { name, ok: false, detail: response, todo: UNREACHED };
  const answer = tipAccounts.safeParse(parseJson(response.body));
  if (!answer.success) {
    const detail = `status ${response.status}, and no tip accounts`;
    const todo = "429: JITO_AUTH or fewer calls (JITO_RPS); else its address (JITO_URLS)";
    return { name, ok: false, detail, todo };
  }
  const gone = TIP_ACCOUNTS.jito.filter((account) => !answer.data.result.includes(account));
  if (gone.length === 0) return { name, ok: true, detail: "answers, and takes tips where we pay" };
  const detail = `${gone.length} of our tip accounts are not among its own`;
  const todo = "take jito out of SEND_LANES until a release knows its new accounts";
  return { name, ok: false, detail, todo };
}

async function checkSender(deps: DoctorServices): Promise<Finding> {
  const { HELIUS_SENDER_URL: base } = deps.env;
  const name = `lane helius ${new URL(base).host}`;
  const url = new URL("/ping", base).href;
  const response = await ask(deps, { url, method: "GET", timeoutMs: TIMEOUT_MS });
  if (typeof response === "string") return { name, ok: false, detail: response, todo: UNREACHED };
  if (response.status === 200) return { name, ok: true, detail: "answers a ping" };
  const todo = "look at its address (HELIUS_SENDER_URL)";
  return { name, ok: false, detail: `status ${response.status} to a ping`, todo };
}

/** It can do nothing but send: what counts is that it knows the key. */
async function checkJupiterSend(deps: DoctorServices): Promise<Finding> {
  const { JUPITER_SEND_URL: url, JUPITER_API_KEY: key } = deps.env;
  const name = `lane jupiter ${new URL(url).host}`;
  const response = await ask(deps, callOf(url, "getHealth", keyOf(key, "x-api-key")));
  if (typeof response === "string") return { name, ok: false, detail: response, todo: UNREACHED };
  const { status } = response;
  if (status !== 401 && status !== 403 && status < 500) {
    return { name, ok: true, detail: "answers, and knows the key" };
  }
  const todo = "401 or 403: JUPITER_API_KEY; else its address (JUPITER_SEND_URL)";
  return { name, ok: false, detail: `status ${status}`, todo };
}

function keyOf(key: ExecutorEnv["JITO_AUTH"], header: string): Record<string, string> {
  return key === undefined ? {} : { [header]: key.reveal() };
}

function callOf(url: string, method: string, headers: Record<string, string>): NetRequest {
  return {
    url,
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }),
    timeoutMs: TIMEOUT_MS,
  };
}

/** The answer, or in words why there was none. */
async function ask({ net }: DoctorServices, request: NetRequest): Promise<NetResponse | string> {
  try {
    return await net.fetch({ ...request, responseBytesMax: RESPONSE_BYTES_MAX });
  } catch (error) {
    if (error instanceof NetFailure) return `no answer: ${error.kind}`;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Judged like any other answer that is not the expected one.
    return undefined;
  }
}

import { z } from "zod";
import type { Chain } from "../../models/chain.ts";
import { json, type SimRequest, type SimResponse } from "../http.ts";

const quantity = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d{1,20}$/)])
  .transform((value) => BigInt(value));
const airdropSchema = z.strictObject({ pubkey: z.string().min(32).max(44), lamports: quantity });
const moveSchema = z.strictObject({
  owner: z.string().min(32).max(44),
  mint: z.string().min(32).max(44),
  quantity,
});

const freezeSchema = z.strictObject({ account: z.string().min(32).max(44), frozen: z.boolean() });

/** The world's own handles on the chain, beside the JSON-RPC that everyone uses. */
export function answerWorld(chain: Chain, request: SimRequest): SimResponse {
  const route = `${request.method} ${request.path}`;
  if (route === "GET /world/chain") {
    return json(200, { slot: chain.slot(), height: chain.blockHeight() });
  }
  if (route === "POST /world/airdrop") {
    const body = airdropSchema.safeParse(parseBody(request));
    if (!body.success) return json(400, { error: z.prettifyError(body.error) });
    return answer(() => chain.airdrop(body.data.pubkey, body.data.lamports));
  }
  if (route === "POST /world/transfer-token") {
    const body = moveSchema.safeParse(parseBody(request));
    if (!body.success) return json(400, { error: z.prettifyError(body.error) });
    const { owner, mint, quantity: moved } = body.data;
    return answer(() => chain.moveTokens(owner, mint, moved));
  }
  if (route === "POST /world/freeze") {
    const body = freezeSchema.safeParse(parseBody(request));
    if (!body.success) return json(400, { error: z.prettifyError(body.error) });
    return freeze(chain, body.data);
  }
  return json(404, { error: `no route ${route}` });
}

/** What a freeze authority does to an account of its token. */
function freeze(chain: Chain, wanted: { account: string; frozen: boolean }): SimResponse {
  if (chain.tokenQuantityOf(wanted.account) === undefined) {
    return json(422, { error: `expected a token account, was ${wanted.account}` });
  }
  chain.accounts.setFrozen(wanted.account, wanted.frozen);
  return json(200, wanted);
}

function answer(act: () => string): SimResponse {
  try {
    return json(200, { signature: act() });
  } catch (error) {
    return json(422, { error: (error as Error).message });
  }
}

function parseBody(request: SimRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

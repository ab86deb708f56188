import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { mulDivCeil } from "@raptor/shared/values/money.ts";
import type { Route, RouteRequest } from "../../ports/venue.ts";
import { minimumOut } from "./check-build.ts";
import type { BuildAnswer } from "./jupiter-answers.ts";
import { WSOL_MINT } from "./programs.ts";

/** What `fetchRoute` hands to `prepare`; only this file may make one. */
export class SwapRoute {
  readonly request: RouteRequest;
  readonly answer: BuildAnswer;

  constructor(request: RouteRequest, answer: BuildAnswer) {
    this.request = request;
    this.answer = answer;
  }
}

export function inputMintOf({ side, mint }: RouteRequest): string {
  return side === "buy" ? WSOL_MINT : mint;
}

export function outputMintOf({ side, mint }: RouteRequest): string {
  return side === "buy" ? mint : WSOL_MINT;
}

/**
 * @throws RAPTOR_VENUE__BAD_ANSWER when the answer is for another question, RAPTOR_VENUE__TOO_SMALL
 * when the trade gives nothing.
 */
export function createRoute(request: RouteRequest, answer: BuildAnswer): Route {
  const expected = {
    inputMint: inputMintOf(request),
    outputMint: outputMintOf(request),
    inAmount: request.quantityIn,
    slippageBps: request.slippageBps,
  };
  for (const [field, value] of Object.entries(expected)) {
    const was = answer[field as keyof typeof expected];
    if (was === value) continue;
    const context = { field, expected: String(value), was: String(was) };
    throw new RaptorError("RAPTOR_VENUE__BAD_ANSWER", { service: "jupiter", ...context });
  }
  // Ours, from the quote: the answer's own figure is only compared.
  const quantityOutMin = minimumOut(answer.outAmount, request.slippageBps);
  if (quantityOutMin === 0n) {
    throw new RaptorError("RAPTOR_VENUE__TOO_SMALL", { mint: request.mint });
  }
  const label = [...new Set(answer.routePlan.map(({ swapInfo }) => swapInfo.label))].join(" > ");
  const priceImpactBps = parseImpactBps(answer.priceImpactPct);
  return {
    quantityIn: request.quantityIn,
    quantityOut: answer.outAmount,
    quantityOutMin,
    priceImpactBps,
    label,
    evidence: {
      router: "jupiter /swap/v2/build",
      label,
      inputMint: expected.inputMint,
      outputMint: expected.outputMint,
      quantityIn: String(request.quantityIn),
      quantityOut: String(answer.outAmount),
      quantityOutMin: String(quantityOutMin),
      slippageBps: request.slippageBps,
      priceImpactBps,
    },
    handle: new SwapRoute(request, answer),
  };
}

/**
 * The answer's ratio as bps, rounded up, sign apart. An impact that cannot be read counts as all
 * of it, so that the risk limit refuses what nobody knows.
 */
function parseImpactBps(ratio: string | null | undefined): number {
  const match = /^-?(\d{1,3})(?:\.(\d{1,30}))?$/.exec(expandExponent(ratio ?? ""));
  if (match === null) return 10_000;
  const fraction = (match[2] ?? "").padEnd(30, "0");
  const scaled = BigInt((match[1] ?? "0") + fraction);
  const bps = mulDivCeil(scaled, 10_000n, 10n ** 30n);
  return bps > 10_000n ? 10_000 : Number(bps);
}

/** Tiny ratios come as "1.2e-7". */
function expandExponent(text: string): string {
  if (!/^-?\d(\.\d{1,20})?e-\d{1,2}$/.test(text)) return text;
  return Number(text).toFixed(30);
}

import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultTargets } from "./fault-driver.ts";
import type { LinkFault } from "./network.ts";
import { LANE_HOSTS, RPC_HOSTS } from "./settings.ts";

const HOSTS = [...RPC_HOSTS, ...Object.values(LANE_HOSTS)];
/** In all but the last two the bytes arrive, and nobody says so. */
const WORDS: readonly LinkFault[] = [
  "executedError",
  "executedTimeout",
  "reset",
  "garbage",
  "unavailable",
  "refused",
];
/** Over before the same bytes are sent again, or some time after that. */
const SPELL_MS_MIN = 50;
const SPELL_MS_MAX = 4_000;

/**
 * An attempt was committed this moment and nothing of it has left. With this chance no way to the
 * chain says yes to it, though most take it: alone each node's word is nearly always made up for
 * by another's, and only all of them together make the send's end unknown.
 */
export function spoilSending(chance: number, prng: Prng, at: FaultTargets): void {
  if (chance === 0 || prng.nextFloat() >= chance) return;
  const ms = SPELL_MS_MIN + prng.nextInt(SPELL_MS_MAX - SPELL_MS_MIN);
  const isAlike = prng.nextFloat() < 0.5;
  const one = drawWord(prng);
  at.onFault("send/no yes from anybody");
  at.onTrace(`send: for ${ms} ms nobody says yes`);
  for (const host of HOSTS) at.network.castSpell(host, isAlike ? one : drawWord(prng), ms);
}

function drawWord(prng: Prng): LinkFault {
  return WORDS[prng.nextInt(WORDS.length)] ?? "reset";
}

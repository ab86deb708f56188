import type { AttemptRow } from "@raptor/shared/domain/rows.ts";

/**
 * What it means for a person that a try is kept away from the public: it takes longer, and an exit
 * that waits too long goes everywhere after all. Undefined for a try that was never protected.
 */
export function protectionWords({ route }: Pick<AttemptRow, "route">): string | undefined {
  const landing = route["landing"];
  if (typeof landing !== "object" || landing === null || !("isProtected" in landing)) {
    return undefined;
  }
  if (landing.isProtected !== true) return undefined;
  const kept = "🛡 Protected: sent only where nobody can trade ahead of it, which may take longer.";
  const slots = "plainAfterSlots" in landing ? landing.plainAfterSlots : undefined;
  if (typeof slots !== "number") return kept;
  return `${kept} Not landed after ${slots} slots, it goes everywhere: being sold comes first.`;
}

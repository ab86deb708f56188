import { createHash } from "node:crypto";

export function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/**
 * Scripts of the vendor's libraries begin with a line of flags that only the hosted service knows;
 * a plain Redis refuses them. The line goes, and callers keep using the hash of what they sent.
 */
export class ScriptShebang {
  readonly #strippedHashes = new Map<string, string>();

  /** The same command in a form that a plain Redis runs. */
  adapt(command: readonly string[]): readonly string[] {
    const name = command[0]?.toUpperCase();
    const second = command[1] ?? "";
    if (name === "EVAL") return ["EVAL", this.#strip(second), ...command.slice(2)];
    if (name === "EVALSHA") return ["EVALSHA", this.#mapHash(second), ...command.slice(2)];
    if (name !== "SCRIPT") return command;
    const rest = command.slice(2);
    if (second.toUpperCase() === "LOAD") return ["SCRIPT", "LOAD", this.#strip(rest[0] ?? "")];
    if (second.toUpperCase() === "EXISTS") {
      return ["SCRIPT", "EXISTS", ...rest.map((hash) => this.#mapHash(hash))];
    }
    return command;
  }

  #strip(script: string): string {
    const stripped = script.replace(/^#!lua[^\n]*\n/, "");
    this.#strippedHashes.set(sha1(script), sha1(stripped));
    return stripped;
  }

  #mapHash(hash: string): string {
    return this.#strippedHashes.get(hash.toLowerCase()) ?? hash;
  }
}

/** The answer of SCRIPT LOAD is the hash of the script as the caller sent it. */
export function loadedScriptHash(command: readonly string[]): string | undefined {
  const isLoad = /^script$/i.test(command[0] ?? "") && /^load$/i.test(command[1] ?? "");
  return isLoad ? sha1(command[2] ?? "") : undefined;
}

/** The value of a JSON text, or undefined: callers check the shape anyway. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A text that is no JSON has no shape; every caller refuses it with words of its own.
    return undefined;
  }
}

/** True for the text of a JSON object. */
export function isObjectText(text: string): boolean {
  const value = parseJsonText(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

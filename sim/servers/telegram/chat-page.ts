import { readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE_FOLDER = join(import.meta.dirname, "page");
/** In the order of their imports: the page has one scope, so imports and exports fall away. */
const SCRIPTS = [
  "elements.js",
  "overlays.js",
  "world.js",
  "composer.js",
  "formatted-text.js",
  "bubble.js",
  "message-list.js",
  "chat.js",
];
/** The last one holds what depends on the width of the window. */
const STYLES = ["messages.css", "overlays.css", "chat.css"];

/** The chat page as one document without any outside resource. */
export function renderChatPage(): string {
  const style = STYLES.map(read).join("\n");
  const script = SCRIPTS.map((name) =>
    read(name)
      .replaceAll(/^import [^;]*;\n/gm, "")
      .replaceAll(/^export /gm, ""),
  ).join("\n");
  // Replacement functions, because `$` means something in a replacement text.
  return read("chat.html")
    .replace("/* style */", () => style)
    .replace("/* script */", () => script);
}

function read(name: string): string {
  return readFileSync(join(PAGE_FOLDER, name), "utf8");
}

import { element } from "./elements.js";

const SIMPLE_TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/**
 * Text with its entities as nodes. Offsets count UTF-16 units, as JavaScript strings do.
 * `actions` holds `copy(text)` and `say(text)`.
 */
export function formattedText(text, entities, actions) {
  const sorted = (entities ?? []).toSorted((a, b) => a.offset - b.offset || b.length - a.length);
  const box = element("div", "text");
  box.append(...nodesBetween(text, 0, text.length, sorted, actions));
  return box;
}

function nodesBetween(text, start, end, entities, actions) {
  const nodes = [];
  let at = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    if (entity.offset < at) continue;
    const entityEnd = Math.min(end, entity.offset + entity.length);
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    const inner = entities
      .slice(index + 1)
      .filter((other) => other.offset >= entity.offset && other.offset < entityEnd);
    const content = nodesBetween(text, entity.offset, entityEnd, inner, actions);
    nodes.push(wrap(entity, text.slice(entity.offset, entityEnd), content, actions));
    at = entityEnd;
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function wrap(entity, raw, content, actions) {
  const tag = SIMPLE_TAGS[entity.type];
  if (tag !== undefined) return element(tag, "", ...content);
  switch (entity.type) {
    case "code":
    case "pre":
      return tappable(element(entity.type, "", ...content), "Tap to copy", () => actions.copy(raw));
    case "url":
      return link(/^[a-z]+:\/\//i.test(raw) ? raw : `https://${raw}`, content);
    case "text_link":
      return link(entity.url, content);
    case "bot_command":
      return tappable(element("span", "tap", ...content), "", () => actions.say(raw));
    case "spoiler": {
      const cover = element("span", "spoiler", ...content);
      return tappable(cover, "Hidden", () => cover.classList.remove("spoiler"));
    }
    case "mention":
    case "hashtag":
    case "cashtag":
      return element("span", "tap", ...content);
    default:
      return element("span", "", ...content);
  }
}

function tappable(target, title, onTap) {
  target.tabIndex = 0;
  target.role = "button";
  if (title !== "") target.title = title;
  target.addEventListener("click", onTap);
  target.addEventListener("keydown", (event) => {
    if (event.key === "Enter") onTap();
  });
  return target;
}

function link(url, content) {
  const anchor = element("a", "", ...content);
  // Any other scheme could run code in the page.
  if (/^(?:https?|tg):\/\//i.test(url)) anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = url;
  return anchor;
}

// @ts-check

/** @param {string} label @param {string} value @param {string} note */
export function tile(label, value, note) {
  const box = make("div", "tile", "");
  box.append(make("span", "", label), make("b", "", value), make("span", "", note));
  return box;
}

/** @param {string} tone @param {string} text */
export function dotItem(tone, text) {
  const item = document.createElement("li");
  item.append(make("span", `dot ${tone}`, ""), make("span", "", text));
  return item;
}

/** @param {string} first @param {string} second */
export function twoLines(first, second) {
  const cell = make("span", "", first);
  if (second !== "") cell.append(make("small", "", second));
  return cell;
}

/**
 * Headings that start with # are columns of numbers. Everything goes in as text, never as markup:
 * token names come from strangers.
 * @param {string[]} headings @param {(string | Node)[][]} rows
 */
export function table(headings, rows) {
  const whole = document.createElement("table");
  const head = whole.createTHead().insertRow();
  for (const heading of headings) {
    head.append(make("th", heading.startsWith("#") ? "number" : "", heading.replace("#", "")));
  }
  const body = whole.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((content, at) => {
      const cell = line.insertCell();
      if (headings[at]?.startsWith("#")) cell.className = "number";
      cell.append(content);
    });
  }
  return whole;
}

/** @param {string} tag @param {string} className @param {string} text */
export function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} id @param {Node[]} nodes */
export function fill(id, nodes) {
  element(id, HTMLElement).replaceChildren(...nodes);
}

/**
 * @template {HTMLElement} T
 * @param {string} id @param {new () => T} type @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`expected an element ${id}`);
  return found;
}

/** The element with this id; the page is broken without it, so a missing one throws. */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`expected an element with id ${id}`);
  return found;
}

/** A new element. Text goes in as text, never as markup: bots' words are not to be trusted. */
export function element(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** A small drawing made of strokes. */
export function drawing(className, viewBox, ...paths) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("class", className);
  for (const d of paths) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

export function paintAvatar(target, name, id) {
  target.textContent = [...name.trim()][0]?.toUpperCase() ?? "?";
  // Steps of the golden angle keep neighbours apart.
  target.style.setProperty("--hue", String(Math.round((id * 137.5) % 360)));
}

export function timeOfDay(seconds) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(seconds * 1_000).toLocaleTimeString("en-GB", options);
}

export function dayName(seconds) {
  const day = new Date(seconds * 1_000);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Yesterday";
  return day.toLocaleDateString("en-GB", { day: "numeric", month: "long" });
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Clipboard access is refused outside of a secure page; an old command still works there.
    const field = element("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

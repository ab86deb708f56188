import { byId, element, paintAvatar } from "./elements.js";

const TOAST_MS = 3_200;

export function showToast(text) {
  const toast = element("div", "toast", text);
  byId("toasts").replaceChildren(toast);
  setTimeout(() => {
    toast.style.opacity = "0";
  }, TOAST_MS);
  setTimeout(() => toast.remove(), TOAST_MS + 400);
}

function openVeil(content) {
  const veil = byId("veil");
  veil.replaceChildren(content);
  veil.hidden = false;
  veil.onclick = (event) => {
    if (event.target === veil) closeVeil();
  };
}

export function closeVeil() {
  byId("veil").hidden = true;
}

export function showAlert(title, text) {
  const button = element("button", "", "OK");
  button.addEventListener("click", closeVeil);
  const box = element("div", "alert", element("h2", "", title), element("p", "", text), button);
  box.setAttribute("role", "alertdialog");
  openVeil(box);
  button.focus();
}

export function showPhoto(url) {
  const image = element("img", "viewer");
  image.src = url;
  image.addEventListener("click", closeVeil);
  openVeil(image);
}

/** Lets the tester become another person. `unread` counts what each has not seen yet. */
export function showPeople({ users, currentId, unread, onChoose, onAdd }) {
  const sheet = element("div", "sheet", element("h2", "", "Write as"));
  for (const user of users) {
    const avatar = element("span", "avatar");
    paintAvatar(avatar, user.name, user.id);
    const lines = element("span", "person-lines", element("b", "", user.name));
    lines.append(element("span", "", `id ${user.id}`));
    const row = element("button", "person", avatar, lines);
    const count = unread.get(user.id) ?? 0;
    if (user.id === currentId) row.append(element("span", "check", "✓"));
    else if (count > 0) row.append(element("span", "badge", String(count)));
    row.addEventListener("click", () => {
      closeVeil();
      onChoose(user.id);
    });
    sheet.append(row);
  }
  const lines = element("span", "person-lines", element("b", "", "Add a person"));
  lines.append(element("span", "", "A new account that never wrote to the bot"));
  const add = element("button", "person", element("span", "avatar plus", "+"), lines);
  add.addEventListener("click", () => {
    closeVeil();
    onAdd();
  });
  sheet.append(add);
  openVeil(sheet);
}

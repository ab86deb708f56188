import { byId, element } from "./elements.js";
import { attempt, request, state } from "./world.js";

const draft = byId("draft");

export async function say(text) {
  const replyTo = state.replyTo?.message_id;
  setReply(undefined);
  await attempt(() => request(`/world/users/${state.userId}/messages`, { text, replyTo }));
}

export function setReply(message, placeholder = "Message") {
  state.replyTo = message;
  byId("reply-bar").hidden = message === undefined;
  draft.placeholder = placeholder;
  if (message === undefined) return;
  byId("reply-name").textContent = `Reply to ${message.from.first_name}`;
  byId("reply-text").textContent = message.text ?? message.caption ?? "Photo";
  draft.focus();
}

function sendDraft() {
  const text = draft.value.trim();
  if (text === "") return;
  draft.value = "";
  onDraft();
  void say(text);
}

function onDraft() {
  draft.style.height = "auto";
  draft.style.height = `${draft.scrollHeight}px`;
  byId("send").disabled = draft.value.trim() === "";
  const typed = /^\/(\w*)$/.exec(draft.value)?.[1];
  const fitting = state.commands.filter(({ command }) => command.startsWith(typed ?? "-"));
  state.chosenSuggestion = 0;
  showSuggestions(fitting);
}

export function showSuggestions(commands) {
  const box = byId("suggestions");
  box.replaceChildren(
    ...commands.map(({ command, description }, index) => {
      const chosen = index === state.chosenSuggestion ? " chosen" : "";
      const name = element("b", "", `/${command}`);
      const row = element("button", `suggestion${chosen}`, name, element("span", "", description));
      row.addEventListener("click", () => {
        draft.value = "";
        onDraft();
        void say(`/${command}`);
      });
      return row;
    }),
  );
  box.hidden = commands.length === 0;
}

function onDraftKey(event) {
  const rows = [...byId("suggestions").querySelectorAll(".suggestion")];
  const isOpen = !byId("suggestions").hidden;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (isOpen && draft.value.startsWith("/")) rows[state.chosenSuggestion]?.click();
    else sendDraft();
  } else if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : rows.length - 1;
    rows[state.chosenSuggestion]?.classList.remove("chosen");
    state.chosenSuggestion = (state.chosenSuggestion + step) % rows.length;
    rows[state.chosenSuggestion]?.classList.add("chosen");
    rows[state.chosenSuggestion]?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Escape") {
    showSuggestions([]);
    setReply(undefined);
  }
}

export function startComposer() {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    sendDraft();
  });
  draft.addEventListener("input", onDraft);
  draft.addEventListener("keydown", onDraftKey);
  byId("reply-cancel").addEventListener("click", () => setReply(undefined));
  byId("menu-button").addEventListener("click", () => {
    showSuggestions(byId("suggestions").hidden ? state.commands : []);
  });
}

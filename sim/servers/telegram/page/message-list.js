import { messageRow } from "./bubble.js";
import { say, setReply } from "./composer.js";
import { byId, copyText, dayName, element, paintAvatar } from "./elements.js";
import { showPhoto, showToast } from "./overlays.js";
import { request, setTyping, state } from "./world.js";

/** A phone also gives up on a bot that does not answer a press. */
const PRESS_WAIT_MS = 30_000;
const NEAR_BOTTOM_PX = 60;
const chat = byId("chat");
let isStuckToBottom = true;
let lastScrollTop = 0;

const actions = {
  async copy(text) {
    await copyText(text);
    showToast("Copied to clipboard");
  },
  say: (text) => say(text),
  press,
  reply: setReply,
  showPhoto,
  showMessage(messageId) {
    rowOf(messageId)?.scrollIntoView({ block: "center", behavior: "smooth" });
  },
};

function rowOf(messageId) {
  return byId("messages").querySelector(`[data-message-id="${messageId}"]`);
}

function isMine(message) {
  return message.from.id === state.userId;
}

function buildRow(message) {
  const all = [...state.messages.values()];
  const above = all[all.indexOf(message) - 1];
  const view = {
    isMine: isMine(message),
    isSame: above?.from.id === message.from.id && above.date > message.date - 300,
    delivery: state.deliveries.get(message.message_id),
    waiting: (data) => state.waiting.has(`${message.message_id}/${data}`),
  };
  return messageRow(message, view, actions);
}

export function refreshRow(messageId) {
  const message = state.messages.get(messageId);
  if (message !== undefined) rowOf(messageId)?.replaceWith(buildRow(message));
}

export function renderAll() {
  const rows = [];
  let day = "";
  for (const message of state.messages.values()) {
    const name = dayName(message.date);
    if (name !== day) rows.push(element("div", "day", name));
    day = name;
    rows.push(buildRow(message));
  }
  byId("messages").replaceChildren(...(rows.length === 0 ? [welcome()] : rows));
  toBottom("instant");
}

function welcome() {
  const avatar = element("span", "avatar avatar-bot");
  paintAvatar(avatar, state.bot.first_name, state.bot.id);
  const start = element("button", "start", "START");
  start.addEventListener("click", () => say("/start"));
  const name = element("h2", "", state.bot.first_name);
  return element("div", "welcome", avatar, name, element("p", "", "No messages here yet."), start);
}

export function addMessage(message) {
  const last = [...state.messages.values()].at(-1);
  state.messages.set(message.message_id, message);
  byId("messages").querySelector(".welcome")?.remove();
  if (last === undefined || dayName(last.date) !== dayName(message.date)) {
    byId("messages").append(element("div", "day", dayName(message.date)));
  }
  const row = buildRow(message);
  row.classList.add("new");
  byId("messages").append(row);
  if (!isMine(message)) setTyping("");
  if (isStuckToBottom || isMine(message)) return toBottom("smooth");
  state.belowUnread += 1;
  showScrollState();
}

export function editMessage(message) {
  if (!state.messages.has(message.message_id)) return;
  state.messages.set(message.message_id, message);
  refreshRow(message.message_id);
  rowOf(message.message_id)?.querySelector(".bubble").classList.add("changed");
  if (isStuckToBottom) toBottom("instant");
}

export function deleteMessage(messageId) {
  state.messages.delete(messageId);
  rowOf(messageId)?.remove();
  if (state.messages.size === 0) renderAll();
}

function isAtBottom() {
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight < NEAR_BOTTOM_PX;
}

function toBottom(behavior) {
  isStuckToBottom = true;
  chat.scrollTo({ top: chat.scrollHeight, behavior });
}

/** Only a scroll upwards lets go of the bottom: a smooth scroll is on its way there. */
function onScroll() {
  if (isAtBottom()) isStuckToBottom = true;
  else if (chat.scrollTop < lastScrollTop) isStuckToBottom = false;
  lastScrollTop = chat.scrollTop;
  showScrollState();
}

function showScrollState() {
  if (isAtBottom()) state.belowUnread = 0;
  byId("to-bottom").hidden = isAtBottom() || isStuckToBottom;
  byId("below-unread").hidden = state.belowUnread === 0;
  byId("below-unread").textContent = String(state.belowUnread);
}

async function press(message, data) {
  const messageId = message.message_id;
  setWaiting(messageId, data, true);
  try {
    await request(`/world/users/${state.userId}/presses`, { messageId, data });
  } catch (error) {
    setWaiting(messageId, data, false);
    showToast(String(error.message));
  }
}

export function setWaiting(messageId, data, isWaiting) {
  const key = `${messageId}/${data}`;
  clearTimeout(state.waiting.get(key));
  state.waiting.delete(key);
  if (isWaiting) {
    const giveUp = setTimeout(() => setWaiting(messageId, data, false), PRESS_WAIT_MS);
    state.waiting.set(key, giveUp);
  }
  for (const button of rowOf(messageId)?.querySelectorAll(".key") ?? []) {
    if (button.dataset.data === data) button.classList.toggle("waiting", isWaiting);
  }
}

export function startMessageList() {
  // Pictures, edits and the keyboard change heights after the scroll that followed a message.
  const observer = new ResizeObserver(() => {
    if (isStuckToBottom) toBottom("instant");
    showScrollState();
  });
  observer.observe(byId("messages"));
  observer.observe(chat);
  chat.addEventListener("scroll", onScroll, { passive: true });
  byId("to-bottom").addEventListener("click", () => toBottom("smooth"));
}

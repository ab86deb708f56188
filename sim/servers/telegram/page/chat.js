import { byId, copyText, dayName, element, paintAvatar, timeOfDay } from "./elements.js";
import { messageRow } from "./bubble.js";
import { closeVeil, showAlert, showPeople, showPhoto, showToast } from "./overlays.js";

/** A phone also gives up on a bot that does not answer a press. */
const PRESS_WAIT_MS = 30_000;
const TYPING_MS = 5_000;
const NEAR_BOTTOM_PX = 60;
const NAMES = ["Alex", "Robin", "Sam", "Kim", "Jo", "Max", "Noa", "Uli"];

const state = {
  bot: { id: 0, first_name: "Bot" },
  users: [],
  userId: 0,
  messages: new Map(),
  /** Update id to message id, to show that the bot got a message. */
  updates: new Map(),
  deliveries: new Map(),
  /** Buttons that spin, as `<message id>/<data>`, with the timer that gives up. */
  waiting: new Map(),
  queries: new Map(),
  unread: new Map(),
  belowUnread: 0,
  commands: [],
  replyTo: undefined,
  chosenSuggestion: 0,
};
const chat = byId("chat");
const draft = byId("draft");
let typingTimer;

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

async function request(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

async function attempt(task) {
  try {
    await task();
  } catch (error) {
    showToast(String(error.message));
  }
}

// Messages

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

function refreshRow(messageId) {
  const message = state.messages.get(messageId);
  if (message !== undefined) rowOf(messageId)?.replaceWith(buildRow(message));
}

function renderAll() {
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

function addMessage(message) {
  const wasAtBottom = isAtBottom();
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
  if (wasAtBottom || isMine(message)) return toBottom("smooth");
  state.belowUnread += 1;
  showScrollState();
}

function editMessage(message) {
  if (!state.messages.has(message.message_id)) return;
  const wasAtBottom = isAtBottom();
  state.messages.set(message.message_id, message);
  refreshRow(message.message_id);
  rowOf(message.message_id)?.querySelector(".bubble").classList.add("changed");
  if (wasAtBottom) toBottom("instant");
}

function deleteMessage(messageId) {
  state.messages.delete(messageId);
  rowOf(messageId)?.remove();
  if (state.messages.size === 0) renderAll();
}

function isAtBottom() {
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight < NEAR_BOTTOM_PX;
}

function toBottom(behavior) {
  chat.scrollTo({ top: chat.scrollHeight, behavior });
}

function showScrollState() {
  if (isAtBottom()) state.belowUnread = 0;
  byId("to-bottom").hidden = isAtBottom();
  byId("below-unread").hidden = state.belowUnread === 0;
  byId("below-unread").textContent = String(state.belowUnread);
}

// What the person does

async function say(text) {
  const replyTo = state.replyTo?.message_id;
  setReply(undefined);
  await attempt(() => request(`/world/users/${state.userId}/messages`, { text, replyTo }));
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

function setWaiting(messageId, data, isWaiting) {
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

function setReply(message, placeholder = "Message") {
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

function showSuggestions(commands) {
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

// What the world tells

const HANDLERS = {
  message({ message, updateId }) {
    if (updateId !== undefined) state.updates.set(updateId, message.message_id);
    addMessage(message);
  },
  edit: ({ message }) => editMessage(message),
  delete: ({ messageId }) => deleteMessage(messageId),
  press({ messageId, data, callbackQueryId }) {
    state.queries.set(callbackQueryId, data);
    setWaiting(messageId, data, true);
  },
  toast({ messageId, callbackQueryId, text, showAlert: isAlert, url }) {
    const data = state.queries.get(callbackQueryId);
    state.queries.delete(callbackQueryId);
    if (data !== undefined) setWaiting(messageId, data, false);
    if (url !== "") window.open(url, "_blank", "noopener,noreferrer");
    if (text === "") return;
    if (isAlert) showAlert(state.bot.first_name, text);
    else showToast(text);
  },
  action: ({ action }) => setTyping(action === "upload_photo" ? "sending a photo" : "typing"),
  prompt({ messageId, placeholder }) {
    setReply(state.messages.get(messageId), placeholder === "" ? "Message" : placeholder);
  },
};

function onEvent(event) {
  if (event.type === "commands") return void attempt(loadCommands);
  if (event.type === "user") return void attempt(loadUsers);
  if (event.type === "delivery") return onDelivery(event);
  if (event.chatId === state.userId) return HANDLERS[event.type]?.(event);
  if (event.type === "message" && event.message.from.id === state.bot.id) {
    state.unread.set(event.chatId, (state.unread.get(event.chatId) ?? 0) + 1);
    showPerson();
  }
}

function onDelivery({ updateId, outcome }) {
  const messageId = state.updates.get(updateId);
  if (messageId === undefined) return;
  state.deliveries.set(messageId, outcome);
  refreshRow(messageId);
}

function setTyping(what) {
  clearTimeout(typingTimer);
  const line = byId("bot-state");
  line.classList.toggle("active", what !== "");
  line.classList.toggle("dots", what !== "");
  line.textContent = what === "" ? "bot" : what;
  if (what !== "") typingTimer = setTimeout(() => setTyping(""), TYPING_MS);
}

// People

function showPerson() {
  const user = state.users.find(({ id }) => id === state.userId);
  if (user === undefined) return;
  byId("person-name").textContent = user.name;
  paintAvatar(byId("person-avatar"), user.name, user.id);
  const others = [...state.unread.values()].reduce((sum, count) => sum + count, 0);
  byId("other-unread").hidden = others === 0;
  byId("other-unread").textContent = String(others);
}

async function loadUsers() {
  state.users = await request("/world/users");
  const wanted = Number(new URLSearchParams(location.search).get("user"));
  const known = state.users.some(({ id }) => id === state.userId);
  if (!known) state.userId = state.users.find(({ id }) => id === wanted)?.id ?? state.users[0]?.id;
  showPerson();
}

async function loadCommands() {
  state.commands = await request(`/world/chats/${state.userId}/commands`);
  byId("menu-button").hidden = state.commands.length === 0;
}

async function loadChat() {
  const messages = await request(`/world/chats/${state.userId}/messages`);
  state.messages = new Map(messages.map((message) => [message.message_id, message]));
  // Whatever was said before this page opened has long been delivered.
  state.deliveries = new Map(messages.map(({ message_id: id }) => [id, "delivered"]));
  await loadCommands();
  renderAll();
}

async function become(userId) {
  state.userId = userId;
  state.unread.delete(userId);
  for (const timer of state.waiting.values()) clearTimeout(timer);
  state.waiting.clear();
  history.replaceState(null, "", `?user=${userId}`);
  setReply(undefined);
  setTyping("");
  showPerson();
  await loadChat();
}

async function addPerson() {
  const name = NAMES[state.users.length % NAMES.length];
  const user = await request("/world/users", { name });
  await loadUsers();
  await become(user.id);
}

function openPeople() {
  showPeople({
    users: state.users,
    currentId: state.userId,
    unread: state.unread,
    onChoose: (userId) => void attempt(() => become(userId)),
    onAdd: () => void attempt(addPerson),
  });
}

// Start

async function synchronize() {
  state.bot = await request("/world/bot");
  document.title = state.bot.first_name;
  byId("bot-name").textContent = state.bot.first_name;
  paintAvatar(byId("bot-avatar"), state.bot.first_name, state.bot.id);
  await loadUsers();
  await loadChat();
  setTyping("");
}

function listen() {
  const events = new EventSource("/world/events");
  events.addEventListener("open", () => void attempt(synchronize));
  events.addEventListener("error", () => {
    byId("bot-state").textContent = "connecting…";
  });
  events.addEventListener("message", ({ data }) => onEvent(JSON.parse(data)));
}

function showClock() {
  byId("clock").textContent = timeOfDay(Date.now() / 1_000);
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendDraft();
});
draft.addEventListener("input", onDraft);
draft.addEventListener("keydown", onDraftKey);
chat.addEventListener("scroll", showScrollState, { passive: true });
byId("to-bottom").addEventListener("click", () => toBottom("smooth"));
byId("reply-cancel").addEventListener("click", () => setReply(undefined));
byId("person-switch").addEventListener("click", openPeople);
byId("menu-button").addEventListener("click", () => {
  showSuggestions(byId("suggestions").hidden ? state.commands : []);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeVeil();
});
showClock();
setInterval(showClock, 10_000);
listen();

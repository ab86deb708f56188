import { setReply, startComposer } from "./composer.js";
import { byId, paintAvatar, timeOfDay } from "./elements.js";
import {
  addMessage,
  deleteMessage,
  editMessage,
  refreshRow,
  renderAll,
  setWaiting,
  startMessageList,
} from "./message-list.js";
import { closeVeil, showAlert, showPeople, showToast } from "./overlays.js";
import { attempt, request, setTyping, state } from "./world.js";

const NAMES = ["Alex", "Robin", "Sam", "Kim", "Jo", "Max", "Noa", "Uli"];

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

byId("person-switch").addEventListener("click", openPeople);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeVeil();
});
startComposer();
startMessageList();
showClock();
setInterval(showClock, 10_000);
listen();

import { byId } from "./elements.js";
import { showToast } from "./overlays.js";

const TYPING_MS = 5_000;
let typingTimer;

/** Everything the page knows; the world is asked again after every reconnect. */
export const state = {
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

export async function request(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

export async function attempt(task) {
  try {
    await task();
  } catch (error) {
    showToast(String(error.message));
  }
}

export function setTyping(what) {
  clearTimeout(typingTimer);
  const line = byId("bot-state");
  line.classList.toggle("active", what !== "");
  line.classList.toggle("dots", what !== "");
  line.textContent = what === "" ? "bot" : what;
  if (what !== "") typingTimer = setTimeout(() => setTyping(""), TYPING_MS);
}

import { drawing, element, timeOfDay } from "./elements.js";
import { formattedText } from "./formatted-text.js";

/**
 * One message with its keyboard. `view` holds `isMine`, `isSame` (sender as above), `delivery`
 * (of a message to the bot) and `waiting(data)`; `actions` holds `copy`, `say`, `press`, `reply`,
 * `showPhoto` and `showMessage`.
 */
export function messageRow(message, view, actions) {
  const row = element("article", `row${view.isMine ? " mine" : ""}${view.isSame ? " same" : ""}`);
  row.dataset.messageId = String(message.message_id);
  const keyboard = message.reply_markup?.inline_keyboard ?? [];
  const isWide = keyboard.length > 0 || message.photo !== undefined;
  const card = element("div", `card${isWide ? " wide" : ""}`);
  card.append(bubble(message, view, actions));
  if (keyboard.length > 0) card.append(keys(message, keyboard, view, actions));
  row.append(card);
  return row;
}

function bubble(message, view, actions) {
  const photo = message.photo?.at(-1);
  const box = element("div", `bubble${photo === undefined ? "" : " with-photo"}`);
  box.addEventListener("dblclick", () => actions.reply(message));
  if (message.reply_to_message !== undefined) box.append(quote(message.reply_to_message, actions));
  if (photo !== undefined) box.append(picture(photo, actions));
  const text = message.text ?? message.caption ?? "";
  if (text !== "") {
    const entities = message.text === undefined ? message.caption_entities : message.entities;
    box.append(formattedText(text, entities, actions));
  }
  // The time floats right of the last line, so it belongs inside the text.
  (box.querySelector(".text") ?? box).append(meta(message, view));
  return box;
}

function picture(photo, actions) {
  const image = element("img", "photo");
  image.src = `/world/photos/${photo.file_id}`;
  image.alt = "Picture from the bot";
  image.style.aspectRatio = `${photo.width} / ${photo.height}`;
  image.addEventListener("click", () => actions.showPhoto(image.src));
  return image;
}

function quote(target, actions) {
  const text = target.text ?? target.caption ?? "Photo";
  const box = element("button", "quote", element("b", "", target.from.first_name), text);
  box.addEventListener("click", () => actions.showMessage(target.message_id));
  return box;
}

function meta(message, view) {
  const box = element("span", "meta");
  if (message.edit_date !== undefined) box.append(element("span", "", "edited"));
  box.append(element("span", "", timeOfDay(message.date)));
  if (view.isMine) box.append(ticks(view.delivery));
  return box;
}

/** One tick: the server has it; two: the bot has it; amber: the bot could not be reached. */
function ticks(delivery) {
  if (delivery === "delivered") {
    return drawing("ticks", "0 0 17 11", "M1 6l3.4 3.6L11 2", "M7.5 8.5l1.2 1.1L15.5 2");
  }
  const isLate = delivery === "retry" || delivery === "dropped";
  return drawing(`ticks${isLate ? " late" : ""}`, "0 0 17 11", "M3 6l3.4 3.6L13 2");
}

function keys(message, keyboard, view, actions) {
  const box = element("div", "keys");
  for (const buttons of keyboard) {
    const row = element("div", "keys-row");
    row.append(...buttons.map((button) => key(message, button, view, actions)));
    box.append(row);
  }
  return box;
}

function key(message, button, view, actions) {
  const made = element("button", `key ${button.style ?? ""}`, element("span", "", button.text));
  if (button.url !== undefined || button.web_app !== undefined) {
    made.append(drawing("corner", "0 0 8 8", "M1 7L7 1M2.5 1H7v4.5"));
    made.addEventListener("click", () => {
      window.open(button.url ?? button.web_app.url, "_blank", "noopener,noreferrer");
    });
    return made;
  }
  if (button.copy_text !== undefined) {
    made.append(drawing("corner", "0 0 8 8", "M3 3h4v4H3zM1 5V1h4"));
    made.addEventListener("click", () => actions.copy(button.copy_text.text));
    return made;
  }
  made.dataset.data = button.callback_data;
  made.classList.toggle("waiting", view.waiting(button.callback_data));
  made.addEventListener("click", () => actions.press(message, button.callback_data));
  return made;
}

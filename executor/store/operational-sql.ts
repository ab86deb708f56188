import { OUTBOX_DUE_SQL } from "./schema.ts";

export const PUT_TICKET_SQL = `
insert into tickets (ticket, user_id, chat_id, action, expires_ms) values (?, ?, ?, ?, ?)`;

/** New content is due at once, on every clock, and gives a refused notice another chance. */
export const PUT_OUTBOX_SQL = `
insert into outbox (key, chat_id, message_id, content, view, is_silent, is_protected,
  version, delivered_version, tries, next_try_ms, failure)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 0, 0, 0, null)
on conflict (key) do update set
  chat_id = excluded.chat_id,
  message_id = case when ?8 = 1 then message_id else excluded.message_id end,
  content = excluded.content,
  view = excluded.view,
  is_silent = excluded.is_silent,
  is_protected = excluded.is_protected,
  version = version + 1,
  tries = 0,
  next_try_ms = excluded.next_try_ms,
  failure = null`;

export const MARK_DELIVERED_SQL = `
update outbox set
  delivered_version = max(delivered_version, ?1),
  message_id = ?2,
  tries = 0,
  next_try_ms = ?3
where key = ?4`;

export const MARK_TRY_SQL = `
update outbox set tries = ?, next_try_ms = ?, failure = ? where key = ?`;

export const PUT_VIEW_SQL = `
insert into views (place, chat_id, message_id, view, prompt_expires_ms, saved_ms)
values (?, ?, ?, ?, ?, ?)
on conflict (place) do update set
  view = excluded.view,
  prompt_expires_ms = excluded.prompt_expires_ms,
  saved_ms = excluded.saved_ms`;

/** Wrapped with a newer master key, a wallet's secret replaces the older text. */
export const PUT_VAULT_SQL = `
insert into vault (wallet_id, wrapped) values (?, ?)
on conflict (wallet_id) do update set wrapped = excluded.wrapped`;

export const PUT_TEXT_SQL = `
insert into texts (text_id, digest, user_id, key, body) values (?, ?, ?, ?, ?)`;

/** Of one person: what jobs that are not done still need stays. */
export const PURGE_TEXTS_SQL = `
delete from texts where user_id = ?1 and not exists (
  select 1 from jobs where state = 'pending' and user_id = ?1
    and (digest = texts.digest or instr(coalesce(job, ''), texts.digest) > 0))`;

/** What quotes them; an undelivered message goes with the others once it is told. */
export const PURGE_MESSAGES_SQL = `
delete from outbox where delivered_version >= version
  and chat_id in (select chat_id from users where user_id = ?)`;

/** The id that somebody asked about may be any text; only its answer's arrows are lost with it. */
export const PURGE_QUESTIONS_SQL = `
delete from views where view ->> '$.kind' = 'why'
  and chat_id in (select chat_id from users where user_id = ?)`;

/** Each takes the moment before which things ended. */
export const PURGE_SQL: readonly string[] = [
  "delete from tickets where expires_ms < ?",
  `delete from outbox where not (${OUTBOX_DUE_SQL}) and next_try_ms < ?`,
  "delete from views where saved_ms < ?",
];

/** What a restored journal must not honour again: buttons and open questions. */
export const VOID_SQL: readonly string[] = [
  "delete from tickets",
  "update views set prompt_expires_ms = 0",
];

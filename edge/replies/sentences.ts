/**
 * Every sentence that the edge says by itself. Each tells the cause, what happened to the money
 * and the next step; button toasts stay within Telegram's 200 characters.
 */
export const SENTENCES = {
  unknownCommand: "I do not know this command, so nothing was done. /help lists all of them.",
  notUnderstood:
    "I did not understand that, so nothing was done. Paste a token's address or link, or send /help.",
  forwarded:
    "A forwarded message gives no command, so nothing was done. Write it yourself if you mean it; " +
    "a token that is named in one can be looked at.",
  textOnly:
    "I can only read text, so nothing was done. Paste a token's address or link, or send /help.",
  amountTooLong:
    "That is too long for an amount, so nothing was done. Send a plain number such as 0.5.",
  buyUsage:
    "Nothing was bought: I need a token and an amount in SOL. Example: /buy <token address> 0.5. " +
    "Or just paste the token's address or link.",
  sellNeedsMint:
    "Nothing was sold: I found no token address. Example: /sell <token address> 50. " +
    "/sell alone shows what you hold.",
  whyTooLong:
    "That is too long for an id, so nothing was looked up. /why alone shows your last trades.",
  tokenUsage:
    "No token was issued. Use /token, /token followed by any of status positions trades jobs, " +
    "or /token revoke.",
  foreignButton: "This button is not one of mine or is too old; nothing was done. Send /start.",
  privateOnly: "I only trade in our private chat; nothing was done here.",
  queued:
    "Queued: the trading desk does not answer right now. It runs when the desk is back, unless " +
    "its time is over by then. No need to send it again.",
  notAccepted:
    "Not accepted: the trading desk is down and nothing was done. Please try again in a minute.",
  notConfirmed:
    "Not confirmed: the trading desk did not answer in time, so this may or may not have " +
    "happened. Check /positions before you try again.",
  refusedSignature:
    "The trading desk did not trust this request, so it did nothing. The operator was alerted; " +
    "please try again later.",
  refusedConflict:
    "The trading desk already knows this request in another form and did nothing new. " +
    "Check /positions.",
  refusedInvalid:
    "The trading desk could not use this request, so nothing was done. The operator was alerted; " +
    "please try another way.",
} as const;

/** What a limited person reads. */
export function tooMany(
  what: "trade" | "read" | "user" | "emergency",
  retryAfterS: number,
  isCertain: boolean,
): string {
  const name = {
    trade: "trade commands",
    read: "screens",
    user: "messages",
    emergency: "commands",
  };
  const done = isCertain
    ? "Nothing was done."
    : "An earlier delivery may have got through: check /positions first.";
  return `Too many ${name[what]}: try again in ${retryAfterS} s. ${done}`;
}

import { describe, it } from "vitest";
import { MINT, OUR_BUTTON, pressUpdate, START_MS, textUpdate } from "../testing/fake-world.ts";
import { parseUpdate } from "./parse-update.ts";

const BOT = { id: "7001", username: "RaptorTestBot" };
const WSOL = "So11111111111111111111111111111111111111112";

function jobOf(text: string, more: object = {}) {
  const decision = parseUpdate(textUpdate(text, { more }), BOT);
  return decision.kind === "job" ? decision.job : undefined;
}

function sentenceOf(text: string): string | undefined {
  const decision = parseUpdate(textUpdate(text), BOT);
  if (decision.kind !== "reply" || decision.reply.method !== "sendMessage") return undefined;
  return decision.reply.text;
}

const LONG_WHY = `/why ${"x".repeat(129)}`;

describe("a forwarded message", () => {
  const more = { forward_origin: { type: "hidden_user", sender_user_name: "a stranger", date: 1 } };

  it.for([`/buy ${MINT} 0.5`, "/kill", "/start", "0.5", "buy it"])(
    "gives no command: %s",
    (text, { expect }) => {
      expect(parseUpdate(textUpdate(text, { more }), BOT)).toMatchObject({
        kind: "reply",
        reply: { text: expect.stringContaining("nothing was done") },
      });
    },
  );

  it("shows the token that it names", ({ expect }) => {
    expect(jobOf(`look at ${MINT}`, more)).toMatchObject({ kind: "showToken", mint: MINT });
  });
});

describe("commands", () => {
  it.for([
    ["/start", { kind: "start" }],
    ["/START@raptortestbot payload", { kind: "start" }],
    ["/help", { kind: "showScreen", screen: "help" }],
    ["/why", { kind: "why", about: "" }],
    ["/why  ord_abc ", { kind: "why", about: "ord_abc" }],
    ["/status", { kind: "showScreen", screen: "status" }],
    ["/health", { kind: "showScreen", screen: "status" }],
    ["/positions", { kind: "showScreen", screen: "positions" }],
    ["/holdings", { kind: "showScreen", screen: "positions" }],
    ["/assets", { kind: "showScreen", screen: "positions" }],
    ["/sell", { kind: "showScreen", screen: "sell" }],
    [`/sell ${MINT}`, { kind: "sell", mint: MINT, percentText: "100" }],
    [`/sell ${MINT} 25%`, { kind: "sell", mint: MINT, percentText: "25%" }],
    [`/sell https://pump.fun/coin/${MINT} ٥٠`, { kind: "sell", mint: MINT, percentText: "٥٠" }],
    [`/buy ${MINT} 0.5`, { kind: "buy", mint: MINT, amountText: "0.5" }],
    [`/buy   ${MINT}\n 1e309`, { kind: "buy", mint: MINT, amountText: "1e309" }],
    [`/buy ${MINT} -1`, { kind: "buy", mint: MINT, amountText: "-1" }],
    ["/pause", { kind: "pause" }],
    ["/resume", { kind: "resume" }],
    ["/panic", { kind: "panic" }],
    ["/fx", { kind: "panic" }],
    ["/panic now please", { kind: "panic" }],
    ["/kill", { kind: "setTradingState", state: "halted", reason: "/kill in Telegram" }],
    ["/kill reducing a rug", { kind: "setTradingState", state: "reducing", reason: "a rug" }],
    ["/kill activ", { kind: "setTradingState", state: "halted", reason: "activ" }],
    ["/token", { kind: "issueToken", scopes: ["status", "positions", "trades", "jobs"] }],
    ["/token status jobs status", { kind: "issueToken", scopes: ["status", "jobs"] }],
    ["/token revoke", { kind: "revokeTokens" }],
  ] as const)("%s is understood", ([text, expected], { expect }) => {
    expect(jobOf(text)).toMatchObject(expected);
  });

  it.for([
    "/buy",
    "/buy 0.5",
    `/buy ${MINT}`,
    "/sell 50",
    "/token root",
    "/withdraw",
    "/buyy x 1",
    LONG_WHY,
  ])("%s is answered with a sentence that says nothing happened", (text, { expect }) => {
    expect(sentenceOf(text)).toMatch(/Nothing was|nothing was|No token was/);
  });

  it("ignores a command for another bot", ({ expect }) => {
    expect(parseUpdate(textUpdate("/panic@OtherBot"), BOT)).toMatchObject({ kind: "ignore" });
  });

  it("refuses an amount that is longer than any amount", ({ expect }) => {
    expect(sentenceOf(`/buy ${MINT} ${"9".repeat(65)}`)).toContain("too long");
    expect(jobOf(`/buy ${MINT} ${"9".repeat(64)}`)).toMatchObject({ kind: "buy" });
  });
});

describe("addresses", () => {
  it.for([
    MINT,
    `look at ${MINT}!`,
    `https://solscan.io/token/${MINT}?cluster=mainnet`,
    `https://solana.fm/address/${MINT}`,
    `https://explorer.solana.com/address/${MINT}/metadata`,
    `https://birdeye.so/token/${MINT}?chain=solana`,
    `https://dexscreener.com/solana/${MINT}`,
    `https://pump.fun/coin/${MINT}`,
    `https://pump.fun/${MINT}`,
    `https://jup.ag/swap/SOL-${MINT}`,
    `https://jup.ag/swap/${WSOL}-${MINT}`,
    `https://gmgn.ai/sol/token/abc_${MINT}`,
    `https://photon-sol.tinyastro.io/en/lp/${MINT}?handle=1`,
    `0.5 ${MINT}`,
  ])("%s opens the token card", (text, { expect }) => {
    expect(jobOf(text)).toMatchObject({ kind: "showToken", mint: MINT });
  });

  it("finds one behind a linked word and in a caption", ({ expect }) => {
    const entities = [{ type: "text_link", url: `https://solscan.io/token/${MINT}` }];
    expect(jobOf("this one", { entities })).toMatchObject({ mint: MINT });
    expect(jobOf("", { text: undefined, caption: MINT })).toMatchObject({ mint: MINT });
  });

  it("takes wrapped SOL only when there is nothing else", ({ expect }) => {
    expect(jobOf(WSOL)).toMatchObject({ kind: "showToken", mint: WSOL });
  });

  it("does not take a transaction signature or a wrong character for one", ({ expect }) => {
    expect(jobOf(`${MINT}${MINT}`)).toBeUndefined();
    expect(jobOf(MINT.replace("D", "0"))).toBeUndefined();
  });
});

describe("typed numbers", () => {
  it.for(["0.5", "-1", "NaN", "1e309", "0,5", "50%", "٠٫٥", "0.0000000001", "0.5 SOL", "+1", "½"])(
    "%s goes to the executor as typed",
    (text, { expect }) => {
      expect(jobOf(text)).toMatchObject({ kind: "say", text });
    },
  );

  it.for(["tp 50 25", "sl -30%", "Trail 20 from 50", "time 4h", "initials 2x", "0.0005 0.2 4h"])(
    "%s may answer a question for a rule or a limit buy",
    (text, { expect }) => {
      expect(jobOf(text)).toMatchObject({ kind: "say", text });
    },
  );

  it("takes any short answer to the bot's own message", ({ expect }) => {
    const reply_to_message = { message_id: 77, from: { id: 7001 } };
    expect(jobOf("ten", { reply_to_message })).toMatchObject({ text: "ten", replyToMessageId: 77 });
    expect(jobOf("ten", { reply_to_message: { message_id: 77, from: { id: 1 } } })).toBeUndefined();
  });

  it.for(["hello", "buy 5 of them please", "9".repeat(65), "👍"])(
    "%s is answered with a sentence",
    (text, { expect }) => {
      expect(sentenceOf(text)).toContain("nothing was done");
    },
  );
});

describe("times", () => {
  it("gives what makes or allows a buy thirty seconds, and what stops no deadline", ({
    expect,
  }) => {
    expect(jobOf(`/buy ${MINT} 1`)).toMatchObject({
      createdMs: START_MS,
      deadlineMs: START_MS + 30_000,
    });
    expect(jobOf("1")?.deadlineMs).toBe(START_MS + 30_000);
    const loosening = ["/resume", "/kill active", "/kill active all is well"];
    for (const text of loosening) expect(jobOf(text)?.deadlineMs).toBe(START_MS + 30_000);
    const tightening = ["/pause", "/kill", "/kill reducing", "/kill halted", "/kill activ"];
    for (const text of ["/panic", ...tightening, `/sell ${MINT} 5`, "/start", MINT]) {
      expect(jobOf(text)).toBeDefined();
      expect(jobOf(text)?.deadlineMs).toBeUndefined();
    }
  });
});

describe("who and where", () => {
  it("names the person by numeric id", ({ expect }) => {
    expect(jobOf("/start")?.actor).toEqual({
      kind: "telegram",
      userId: 501,
      chatId: 501,
      name: "Ada",
    });
  });

  it("answers commands in groups with a link, and stays silent otherwise", ({ expect }) => {
    const chat = { id: -100, type: "supergroup" };
    const spoken = parseUpdate(textUpdate("/panic", { more: { chat } }), BOT);
    expect(spoken).toMatchObject({ kind: "reply", groupId: -100 });
    expect(JSON.stringify(spoken)).toContain("https://t.me/RaptorTestBot");
    for (const text of ["/panic@OtherBot", "hello", MINT]) {
      expect(parseUpdate(textUpdate(text, { more: { chat } }), BOT).kind).toBe("ignore");
    }
  });

  it.for([
    ["channel posts", { update_id: 1, channel_post: textUpdate("/panic").message }],
    ["edited messages", { update_id: 1, edited_message: textUpdate("/panic").message }],
    [
      "other people's private chats",
      textUpdate("/panic", { more: { chat: { id: 9, type: "private" } } }),
    ],
    ["bots", textUpdate("/panic", { more: { from: { id: 501, is_bot: true } } })],
    ["messages without a sender", textUpdate("/panic", { more: { from: undefined } })],
  ] as const)("ignores %s", ([, update], { expect }) => {
    expect(parseUpdate(update, BOT).kind).toBe("ignore");
  });

  it("turns a press on our button into a job and answers a foreign one", ({ expect }) => {
    expect(parseUpdate(pressUpdate(OUR_BUTTON), BOT)).toMatchObject({
      job: { kind: "press", op: "t", arg: "", messageId: 11, ticket: "AAAAAAAAAAAAAAAA" },
    });
    for (const data of ["", "buy:0.5", `${OUR_BUTTON}x`, "2b1.AAAAAAAAAAAAAAAA.BBBBBBBBBBB"]) {
      expect(parseUpdate(pressUpdate(data), BOT)).toMatchObject({
        kind: "reply",
        reply: { method: "answerCallbackQuery", callback_query_id: "cb-1" },
      });
    }
  });

  it("answers a press by somebody else than the chat's owner without acting", ({ expect }) => {
    const update = pressUpdate(OUR_BUTTON);
    const callback_query = { ...update.callback_query, from: { id: 502, is_bot: false } };
    expect(parseUpdate({ ...update, callback_query }, BOT)).toMatchObject({
      kind: "reply",
      reply: { method: "answerCallbackQuery" },
    });
  });

  it("answers a press in a group without acting", ({ expect }) => {
    const update = pressUpdate(OUR_BUTTON);
    const message = { ...update.callback_query.message, chat: { id: -100, type: "group" } };
    const decision = parseUpdate(
      { ...update, callback_query: { ...update.callback_query, message } },
      BOT,
    );
    expect(decision).toMatchObject({ kind: "reply", reply: { method: "answerCallbackQuery" } });
  });
});

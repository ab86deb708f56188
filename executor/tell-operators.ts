import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { ExecutorEnv } from "./env.ts";
import { createDiscordAlert } from "./notify/discord.ts";
import { createTelegramChat } from "./notify/telegram.ts";
import { tellAdmins } from "./watch-claim.ts";

/** A word to operators from a process that has no journal open and so no outbox. */
export async function tellOperators(
  { env, clock, net, log }: { env: ExecutorEnv; clock: Clock; net: Net; log: Log },
  lines: readonly string[],
): Promise<void> {
  const discord = createDiscordAlert({ net, clock, log, url: env.DISCORD_WEBHOOK_URL });
  const telegram = createTelegramChat({
    net,
    clock,
    log,
    baseUrl: env.TELEGRAM_API_URL,
    token: env.TELEGRAM_BOT_TOKEN,
  });
  const toTelegram = tellAdmins(telegram, env.ADMIN_USER_IDS, lines);
  await Promise.all([discord.alert(lines.join("\n")), toTelegram]);
}

import { createPriceFeed } from "./market/price-feed.ts";
import { createDiscordAlert } from "./notify/discord.ts";
import { ReconcileSchedule } from "./notify/reconcile-schedule.ts";
import { createTelegramChat } from "./notify/telegram.ts";
import type { ExecutorSeams } from "./create-executor.ts";
import type { Venue } from "./ports/venue.ts";
import { landingSettingsOf, streamSettingsOf, venueProvidersOf } from "./settings.ts";
import { createSolanaVenue } from "./venues/solana/adapter.ts";
import { createSolanaConnection } from "./venues/solana/connection.ts";
import { createJupiter } from "./venues/solana/jupiter.ts";
import { VenueAlerts } from "./watch-venue.ts";

/** Talks to the outside: venue, prices, chat, alerts, queue. */
export function buildOutside(seams: ExecutorSeams) {
  const { env, clock, net, prng, log, signer } = seams;
  const jupiter = createJupiter({
    net,
    clock,
    settings: { url: env.JUPITER_URL, apiKey: env.JUPITER_API_KEY, timeoutMs: env.HTTP_TIMEOUT_MS },
  });
  const connection = createSolanaConnection({
    net,
    clock,
    prng,
    log,
    metrics: seams.metrics,
    settings: {
      providers: venueProvidersOf(env),
      httpTimeoutMs: env.HTTP_TIMEOUT_MS,
      streams: streamSettingsOf(env),
    },
  });
  const venueAlerts = new VenueAlerts();
  const venue: Venue = createSolanaVenue({
    net,
    clock,
    prng,
    log,
    alert: (lines) => venueAlerts.tell(lines),
    signer,
    jupiter,
    connection,
    metrics: seams.metrics,
    settings: {
      providers: venueProvidersOf(env),
      httpTimeoutMs: env.HTTP_TIMEOUT_MS,
      priorityFeeLamportsMax: env.PRIORITY_FEE_LAMPORTS_MAX,
      transferFeeBpsMax: env.TRANSFER_FEE_BPS_MAX,
      landing: landingSettingsOf(env),
      exitRehearsals: env.EXIT_REHEARSALS,
    },
  });
  const feed = createPriceFeed({
    source: jupiter,
    pools: connection.pools,
    clock,
    log,
    settings: {
      pollMs: env.PRICE_POLL_MS,
      staleMs: env.PRICE_STALE_MS,
      jumpBpsMax: env.PRICE_JUMP_BPS_MAX,
    },
  });
  const discord = createDiscordAlert({ net, clock, log, url: env.DISCORD_WEBHOOK_URL });
  const telegram = createTelegramChat({
    net,
    clock,
    log,
    baseUrl: env.TELEGRAM_API_URL,
    token: env.TELEGRAM_BOT_TOKEN,
  });
  const schedule = new ReconcileSchedule({
    net,
    clock,
    log,
    qstashUrl: env.QSTASH_URL,
    token: env.QSTASH_TOKEN,
    environment: env.ENVIRONMENT,
    destination: `${env.EDGE_URL}/cron/reconcile`,
    cron: env.RECONCILE_CRON,
  });
  return { venue, venueAlerts, feed, discord, telegram, schedule };
}

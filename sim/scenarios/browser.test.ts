import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postJson } from "./person.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const CHROMIUM = "/usr/bin/chromium";
/** No first-run traffic: the network is loopback only. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Only a failure waits for so long. */
const PATIENCE = { timeout: 60_000 };
const PICTURES = join(fileURLToPath(new URL("../..", import.meta.url)), "report");

if (!existsSync(CHROMIUM)) {
  process.stdout.write("!! chromium is not installed: the browser scenario is SKIPPED\n");
}

describe.skipIf(!existsSync(CHROMIUM))("a person at the chat page", () => {
  let world: ScenarioWorld;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    world = await ScenarioWorld.start();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
    page.setDefaultTimeout(PATIENCE.timeout);
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  async function type(text: string): Promise<void> {
    await page.locator("#composer textarea").fill(text);
    await page.keyboard.press("Enter");
  }

  /** The newest bubble that holds this text. */
  const bubble = (text: string) => page.locator(".bubble", { hasText: text }).last();

  async function picture(name: string): Promise<void> {
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  test("starts, pastes a mint, buys, reads the receipt and the exit notice", async () => {
    await page.goto(world.file.chat);
    await type("/start");
    await bubble("Deposit address").waitFor();
    const [, address = ""] = /copy\):\s*([1-9A-HJ-NP-Za-km-z]{32,44})/.exec(
      await bubble("Deposit address").innerText(),
    ) ?? ["", ""];
    await expect.poll(() => world.chainLamports(address), PATIENCE).toBeGreaterThan(0n);
    await picture("1-home");

    const mint = world.mint();
    await type(mint);
    await bubble("Round trip").waitFor();
    await picture("2-card");
    await page.locator(".key", { hasText: "Buy 0.5 SOL" }).last().click();
    await bubble("✅ Bought").waitFor();
    await picture("3-receipt");
    const onChain = await world.chainQuantity(address, mint);
    expect((await world.positions())[0]?.quantity).toBe(onChain.toString());

    await postJson(`${world.file.jupiter}/world/prices`, { mint, factor: 2.5 });
    await bubble("Take profit sold").waitFor();
    await picture("4-exit");
    expect(await world.chainQuantity(address, mint)).toBe(0n);
  });

  test("the dashboard shows the same trades to the admin", async () => {
    await page.setViewportSize({ width: 1_100, height: 900 });
    await page.goto(world.file.dashboard);
    await page.locator("input").first().fill(world.file.adminToken);
    await page.keyboard.press("Enter");
    await page
      .getByText(/take profit|sell/i)
      .first()
      .waitFor();
    await picture("5-dashboard");
    expect(await page.locator("body").innerText()).toContain("active");
  });
});

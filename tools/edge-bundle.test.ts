import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const GZIP_BYTES_MAX = 150 * 1024;
/** The compatibility date of wrangler.toml, so that the bundle runs as it will in production. */
const DATE_LINE = /^compatibility_date = "([\d-]+)"$/m;

let folder = "";
let script = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "raptor-bundle-"));
  execFileSync(
    join(ROOT, "node_modules/.bin/wrangler"),
    ["deploy", "--dry-run", "--outdir", folder],
    {
      cwd: ROOT,
      stdio: "pipe",
      env: {
        ...process.env,
        PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`,
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        WRANGLER_SEND_METRICS: "false",
      },
    },
  );
  script = readFileSync(join(folder, "index.js"), "utf8");
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the edge as it is deployed", () => {
  it("stays under 150 KiB gzipped", ({ expect }) => {
    const byteCount = gzipSync(script).length;
    process.stdout.write(`edge bundle: ${Math.ceil(byteCount / 1024)} KiB gzipped\n`);
    expect(byteCount).toBeLessThan(GZIP_BYTES_MAX);
  });

  it("starts in the runtime and refuses to work without its secrets", async ({ expect }) => {
    const date = DATE_LINE.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8"))?.[1];
    const worker = new Miniflare({
      modules: [{ type: "ESModule", path: "index.js", contents: script }],
      compatibilityDate: date ?? "",
    });
    try {
      const response = await worker.dispatchFetch("http://edge.test/v1/health");
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({
        code: "RAPTOR_EDGE__SETTINGS_INVALID",
        detail: expect.stringContaining("EDGE_SIGNING_JWK"),
      });
    } finally {
      await worker.dispose();
    }
  });
});

import { describe, it, vi } from "vitest";

/** As much of an element as the dashboard touches, without any layout. */
class FakeElement {
  textContent = "";
  value = "";
  className = "";
  hidden = false;
  readonly classList = { toggle: () => {} };
  readonly #listeners = new Map<string, (event: object) => void>();
  #children: FakeElement[] = [];

  addEventListener(name: string, listener: (event: object) => void): void {
    this.#listeners.set(name, listener);
  }

  fire(name: string): void {
    this.#listeners.get(name)?.({ preventDefault: () => {} });
  }

  append(...children: FakeElement[]): void {
    this.#children.push(...children);
  }

  replaceChildren(...children: FakeElement[]): void {
    this.#children = children;
  }

  words(): string {
    return [this.textContent, ...this.#children.map((child) => child.words())].join(" ");
  }
}

const HEALTH = { environment: "test", executor: { tradingState: null }, redis: {}, queue: {} };
const STATUS = { tradingState: "active", lastReconcile: null, dependencies: {}, version: "v-ann" };

/** The page in a tab, whose requests wait for the test to answer them. */
async function openPage() {
  const elements = new Map<string, FakeElement>();
  const kept = new Map<string, string>();
  const asked: { path: string; token: string | null; answer(response: Response): void }[] = [];
  const elementOf = (id: string): FakeElement => {
    const known = elements.get(id) ?? new FakeElement();
    elements.set(id, known);
    return known;
  };
  const kinds = ["", "Form", "Input", "Button", "Dialog"].map((name) => `HTML${name}Element`);
  for (const kind of kinds) vi.stubGlobal(kind, FakeElement);
  vi.stubGlobal("document", {
    hidden: true,
    getElementById: elementOf,
    createElement: () => new FakeElement(),
    querySelectorAll: () => [],
    addEventListener: () => {},
  });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  vi.stubGlobal("fetch", (path: string, init: { headers: Headers }) => {
    const token = init.headers.get("authorization");
    return new Promise((answer) => asked.push({ path, token, answer }));
  });
  vi.resetModules();
  await import("../dashboard/app.js");

  /** Answers the oldest request for `path`, and lets the page go on as far as it can. */
  async function answer(path: string, response: Response): Promise<void> {
    await vi.waitUntil(() => asked.some((request) => request.path === path));
    const at = asked.findIndex((request) => request.path === path);
    asked.splice(at, 1)[0]?.answer(response);
    // Bodies are read in turns of the event loop.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  function logIn(token: string): void {
    elementOf("token").value = token;
    elementOf("login").fire("submit");
  }

  await answer("/v1/health", Response.json(HEALTH));
  return { elementOf, answer, logIn, tokenOf: () => kept.get("raptor-token") };
}

type Page = Awaited<ReturnType<typeof openPage>>;

async function answerDesk({ answer }: Page): Promise<void> {
  await answer("/v1/positions", new Response("{}", { status: 403 }));
  await answer("/v1/trades?limit=25", new Response("{}", { status: 403 }));
  await answer("/v1/status", Response.json(STATUS));
  await answer("/v1/metrics", new Response("", { status: 401 }));
}

describe("a token that was forgotten while the page asked for its figures", () => {
  it("shows nothing more, and what it showed is gone", async ({ expect }) => {
    const page = await openPage();
    page.logIn("token-of-ann");
    await page.answer("/v1/health", Response.json(HEALTH));
    await answerDesk(page);
    expect([page.elementOf("login").hidden, page.elementOf("desk").hidden]).toEqual([true, false]);
    expect(page.elementOf("tiles").words()).toContain("v-ann");
    page.logIn("token-of-ann");
    await page.answer("/v1/health", Response.json(HEALTH));
    page.elementOf("forget").fire("click");
    expect(page.elementOf("tiles").words()).not.toContain("v-ann");
    await answerDesk(page);
    expect(page.tokenOf()).toBeUndefined();
    expect(page.elementOf("desk").hidden).toBe(true);
    expect(page.elementOf("tiles").words()).not.toContain("v-ann");
    vi.unstubAllGlobals();
  });

  it("takes no other token with it when it turns out to be revoked", async ({ expect }) => {
    const page = await openPage();
    page.logIn("token-of-ann");
    await page.answer("/v1/health", Response.json(HEALTH));
    page.logIn("token-of-bo");
    await page.answer("/v1/status", new Response("{}", { status: 401 }));
    expect(page.tokenOf()).toBe("token-of-bo");
    vi.unstubAllGlobals();
  });
});

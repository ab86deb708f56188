import { createServer, connect, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import type { PostgresMirror } from "@raptor/executor/mirror/postgres-mirror.ts";
import { createPrng } from "../models/prng.ts";
import { clock, MirrorScene, until } from "./mirror-fixture.ts";

let scene: MirrorScene;
let running: PostgresMirror[] = [];

function start(over: Parameters<MirrorScene["mirror"]>[0] = {}): PostgresMirror {
  const mirror = scene.mirror(over);
  running.push(mirror);
  mirror.start();
  return mirror;
}

async function trades(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await scene.trade(7 + (n % 3));
}

beforeAll(async () => {
  scene = await MirrorScene.start();
});

afterEach(async () => {
  scene.server.thaw();
  await Promise.all(running.map((mirror) => mirror.stop()));
  running = [];
});

afterAll(async () => {
  await scene.close();
});

async function expectWhole(expect: (value: unknown) => { toBe(value: unknown): void }) {
  await scene.caughtUp();
  expect(await scene.difference()).toBe(undefined);
  const [row] = await scene.ask("select count(*) from raptor.journal");
  expect(Number(row?.[0])).toBe(scene.store.headSeq());
}

describe("a mirror whose server", { timeout: 60_000 }, () => {
  it("is killed -9 again and again while events are shipped loses none and doubles none", async ({
    expect,
  }) => {
    const prng = createPrng(41);
    start();
    await trades(1);
    await scene.caughtUp();
    for (let round = 0; round < 4; round += 1) {
      await trades(40);
      await clock.sleep(prng.nextInt(60));
      await scene.server.kill();
      await trades(10);
      await scene.server.start();
    }
    await expectWhole(expect);
  });

  it("stands still does not hold the journal up, and is caught up with after", async ({
    expect,
  }) => {
    const mirror = start({ mode: "sync", syncMs: 200 });
    await until(() => mirror.hold() === undefined);
    scene.server.freeze();
    await trades(20);
    expect(await mirror.isMirrored()).toBe(false);
    expect(mirror.hold()).toContain("MIRROR=sync");
    expect(mirror.health().detail).toMatch(/lag [1-9]\d* events/);
    scene.server.thaw();
    await expectWhole(expect);
    await until(() => mirror.hold() === undefined);
  });

  it("stands still beyond every limit is left and found again", async ({ expect }) => {
    const mirror = start({ answerMs: 400 });
    await until(() => mirror.hold() === undefined);
    scene.server.freeze();
    await trades(3);
    await until(() => mirror.health().detail.includes("connection to Postgres is lost"));
    expect(mirror.hold()).toBe(undefined);
    scene.server.thaw();
    await expectWhole(expect);
  });

  it("has no room left is asked again until it has", async ({ expect }) => {
    const mirror = start();
    await scene.caughtUp();
    await scene.ask(
      `create function raptor.full() returns trigger language plpgsql as
       $$ begin raise exception 'no space left' using errcode = '53100'; end $$;
       create trigger full_disk before insert on raptor.journal execute function raptor.full();`,
    );
    await trades(5);
    await until(() => mirror.health().detail.includes("53100"));
    expect(mirror.hold()).toBe(undefined);
    await scene.ask("drop trigger full_disk on raptor.journal");
    await scene.ask("drop function raptor.full()");
    await expectWhole(expect);
  });

  it("takes our rights away says so and goes on when they are back", async ({ expect }) => {
    await scene.ask("drop role if exists desk_writer");
    await scene.ask("create role desk_writer login superuser");
    const url = scene.server.url("desk_writer");
    const mirror = start({ postgres: scene.postgresAt(url) });
    await scene.caughtUp();
    await scene.ask("alter role desk_writer nosuperuser");
    await trades(2);
    await until(() => mirror.health().detail.includes("42501"));
    await scene.ask("alter role desk_writer superuser");
    await expectWhole(expect);
  });

  it("drops every connection while it ships is connected to again", async ({ expect }) => {
    const mirror = start();
    await scene.caughtUp();
    for (let round = 0; round < 8; round += 1) {
      await trades(15);
      await scene.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'raptor mirror'",
      );
    }
    await expectWhole(expect);
    await until(() => !mirror.health().detail.includes("lost"));
  });

  it("answers slowly and cuts connections in the middle of an answer", async ({ expect }) => {
    const proxy = await SlowProxy.start(scene.server.port, 43);
    const url = scene.server.url().replace(String(scene.server.port), String(proxy.port));
    start({ postgres: scene.postgresAt(url) });
    await until(async () => {
      await trades(5);
      return proxy.cuts >= 5;
    });
    proxy.isCutting = false;
    await expectWhole(expect);
    proxy.close();
  });
});

describe("a failover to an older replica", { timeout: 60_000 }, () => {
  it("is noticed while running, and the missing events are shipped again", async ({ expect }) => {
    start();
    await trades(5);
    await scene.caughtUp();
    await scene.server.stop();
    scene.server.keepCopy("older");
    await scene.server.start();
    await trades(5);
    await scene.caughtUp();
    await scene.server.stop();
    scene.server.takeCopy("older");
    await scene.server.start();
    await expectWhole(expect);
    expect(scene.shouts.at(-1)).toMatch(/went back from event \d+ to \d+/);
  });

  it("stops the mirror when the replica has an event that is not ours", async ({ expect }) => {
    await scene.ask(
      `insert into raptor.journal select seq + 1, ts_ms, stream, kind, version, payload, hash, 'x'
       from raptor.journal order by seq desc limit 1;
       update raptor.mirror_cursor set seq = seq + 1, hash = 'x';`,
    );
    await trades(1);
    const mirror = start();
    await until(() => mirror.health().detail.includes("another one than ours"));
    expect(mirror.hold()).toContain("buys stop");
  });
});

/** Passes bytes on in small late pieces, and cuts a connection after a drawn number of them. */
class SlowProxy {
  readonly port: number;
  isCutting = true;
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(target: number, seed: number): Promise<SlowProxy> {
    const prng = createPrng(seed);
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("expected a port");
    const proxy = new SlowProxy(server, address.port);
    server.on("connection", (client) => {
      const upstream = connect(target, "127.0.0.1");
      let pieces = 20 + prng.nextInt(40);
      let late = Promise.resolve();
      const end = (): void => {
        client.destroy();
        upstream.destroy();
      };
      for (const socket of [client, upstream]) {
        proxy.#sockets.add(socket);
        socket.on("error", end);
        socket.on("close", end);
      }
      client.on("data", (bytes) => upstream.write(bytes));
      upstream.on("data", (bytes) => {
        pieces -= 1;
        if (pieces < 0 && proxy.isCutting) {
          proxy.cuts += 1;
          return end();
        }
        late = late.then(() => clock.sleep(prng.nextInt(8))).then(() => void client.write(bytes));
      });
    });
    return proxy;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

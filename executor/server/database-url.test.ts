import { describe, it } from "vitest";
import { checkDatabaseUrl } from "./database-url.ts";

const FINE = [
  "postgresql://postgres@127.0.0.1:15432/postgres",
  "postgres://desk:pw@direct.abc.flympg.net:5432/desk",
  "postgresql://desk@localhost/desk",
  "postgresql:///desk?host=/var/run/postgresql",
  "postgres://desk:pw@desk-db.internal/desk",
  "postgresql://postgres.ref:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres?sslmode=verify-full",
  "postgresql://postgres:pw@db.ref.supabase.co:5432/postgres?sslmode=require",
];

const WRONG: readonly [string, RegExp][] = [
  ["mysql://a:b@c/d", /expected postgresql/],
  ["postgresql://a:b@x.pooler.supabase.com:6543/postgres?sslmode=require", /transaction pooler/],
  ["postgresql://a:secretword@db.ref.supabase.co:5432/postgres", /sslmode=verify-full/],
  ["postgresql://a:b@db.ref.supabase.co/postgres?sslmode=no-verify", /sslmode=verify-full/],
  ["postgresql://a:b@db.ref.supabase.co/postgres?sslmode=prefer", /sslmode=verify-full/],
  [
    "postgresql://a:b@db.ref.supabase.co/postgres?sslmode=require&uselibpqcompat=true",
    /sslmode=verify-full/,
  ],
];

/** What the client connects to plainly although the rest of the text looks as it should. */
const DISGUISED: readonly string[] = [
  "postgresql://a:b@local.evil.example/desk",
  "postgresql://a:b@localhost.evil.example/desk",
  "postgresql://a:b@127.evil.example/desk",
  "postgresql://a:b@localhost/desk?host=evil.example",
  "postgresql://a:b@db.example/desk?sslmode=verify-full&sslmode=disable",
  "postgresql://a:b@db.example/desk?sslmode=verify-full&port=6543",
];

describe("a connection string", () => {
  it("may not lead elsewhere than it seems to", ({ expect }) => {
    for (const text of DISGUISED) {
      expect([text, checkDatabaseUrl(text)]).toEqual([text, expect.stringContaining("expected")]);
    }
  });

  it("may stay plain on this machine and on networks that encrypt", ({ expect }) => {
    for (const text of FINE) expect([text, checkDatabaseUrl(text)]).toEqual([text, undefined]);
  });

  it("must name a session and look at the certificate elsewhere", ({ expect }) => {
    for (const [text, problem] of WRONG) {
      expect(checkDatabaseUrl(text) ?? "").toMatch(problem);
    }
  });

  it("is never quoted in the problem", ({ expect }) => {
    const text = "postgresql://a:secretword@db.ref.supabase.co:5432/postgres";
    expect(checkDatabaseUrl(text)).not.toContain("secretword");
  });
});

import { DatabaseSync } from "node:sqlite";
import { describe, it } from "vitest";
import { KeptAnswers } from "./kept-answers.ts";

function openPair() {
  const database = new DatabaseSync(":memory:");
  database.exec("create table a (id integer, word text); create table b (id integer)");
  const answers = new KeptAnswers();
  let asked = 0;
  const prepare = (sql: string) => {
    const statement = database.prepare(sql);
    const get = statement.get.bind(statement) as (...values: unknown[]) => unknown;
    Reflect.set(statement, "get", (...values: unknown[]) => {
      asked += 1;
      return get(...values);
    });
    return answers.watch(statement, sql);
  };
  return { prepare, askedCount: () => asked, answers };
}

describe("answers of a journal in memory", () => {
  it("are kept until their own table is written, also that there is none", ({ expect }) => {
    const { prepare, askedCount } = openPair();
    const word = prepare("select word from a where id = ?");
    expect([word.get(1), word.get(1)]).toEqual([undefined, undefined]);
    prepare("insert into b values (1)").run();
    expect([word.get(1), askedCount()]).toEqual([undefined, 1]);
    prepare("insert into a values (?, ?)").run(1, "x");
    expect([word.get(1), word.get(1), askedCount()]).toEqual([{ word: "x" }, { word: "x" }, 2]);
    prepare("update a set word = 'y'").run();
    expect(word.get(1)).toEqual({ word: "y" });
    prepare('delete from "a"').run();
    expect(word.get(1)).toBeUndefined();
  });

  it("are those of what was asked and of nothing that looks like it", ({ expect }) => {
    const { prepare } = openPair();
    prepare("insert into a values (1, 'x')").run();
    const kinds = prepare("select typeof(?1) as kind, ?2 as last from a");
    expect(kinds.get(1, "b")).toEqual({ kind: "real", last: "b" });
    expect(kinds.get("1", "b")).toEqual({ kind: "text", last: "b" });
    expect(kinds.get("1:", "2;")).toEqual({ kind: "text", last: "2;" });
    expect(kinds.get(null, "b")).toEqual({ kind: "null", last: "b" });
  });

  it("are forgotten when a unit of work is taken back", ({ expect }) => {
    const { prepare } = openPair();
    const count = prepare("select count(*) as n from a");
    prepare("begin immediate").run();
    prepare("savepoint unit").run();
    prepare("insert into a values (1, 'x')").run();
    expect(count.get()).toEqual({ n: 1 });
    prepare("rollback to unit").run();
    expect(count.get()).toEqual({ n: 0 });
    prepare("release unit").run();
    prepare("insert into a values (1, 'x')").run();
    expect(count.get()).toEqual({ n: 1 });
    prepare("rollback").run();
    expect(count.get()).toEqual({ n: 0 });
  });

  it("follow every table that is joined, and are never kept of what no table says", ({
    expect,
  }) => {
    const { prepare, askedCount, answers } = openPair();
    const both = prepare("select (select count(*) from b) + count(*) as n from a");
    expect(both.get()).toEqual({ n: 0 });
    prepare("insert into b values (1)").run();
    expect(both.get()).toEqual({ n: 1 });
    prepare("select total_changes() as n from a").get();
    prepare("select total_changes() as n from a").get();
    expect(askedCount()).toBe(4);
    answers.forget();
    both.get();
    expect(askedCount()).toBe(5);
  });
});

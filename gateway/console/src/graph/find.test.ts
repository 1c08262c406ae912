import { describe, expect, it } from "vitest";

import { HELP, ofLink, ofNode, parse } from "./find";
import { IDLE, link, node, stats } from "./fixture";

const staff = node("service", "Staff", {
  stats: stats({ error_share: 0.05, p99_ms: 12_000, requests_per_second: 3 }),
  badges: [{ kind: "timeout", words: "a rule waits 1 s" }],
  in_flight: 4,
});
const web = node("route", "web");
const quiet = node("service", "quiet", { stats: IDLE });
const stopped = node("service", "stopped", { badges: [{ kind: "suspended", words: "why" }] });
const all = [staff, web, quiet, stopped];

function found(text: string): string[] {
  const search = parse(text);
  expect(search.problem).toBeNull();
  return all.filter(one => search.matches(ofNode(one))).map(one => one.name);
}

describe("an expression", () => {
  it.each([
    ["staff", ["Staff"]],
    ["st", ["Staff", "stopped"]],
    ["staff|web", ["Staff", "web"]],
    ['"sto"', ["stopped"]],
    ["kind:service", ["Staff", "quiet", "stopped"]],
    ["kind:service -st", ["quiet"]],
    ["kind:route|service web", ["web"]],
    ["errors>1%", ["Staff"]],
    ["errors>1", ["Staff"]],
    ["errors>=5%", ["Staff"]],
    ["errors<5%", ["web", "stopped"]],
    ["p99>500ms", ["Staff"]],
    ["p99>=12s", ["Staff"]],
    ["p50<1ms", []],
    ["rate>5", ["web", "stopped"]],
    ["rate=3/s", ["Staff"]],
    ["inflight>3", ["Staff"]],
    ["idle", ["quiet"]],
    ["-idle", ["Staff", "web", "stopped"]],
    ["busy", ["Staff", "web", "stopped"]],
    ["suspended", ["stopped"]],
    ["slow failing", ["Staff"]],
    ["badge:timeout", ["Staff"]],
    ["name:web", ["web"]],
  ])("%s finds %j", (text, names) => expect(found(text)).toEqual(names));

  it("finds nothing when nothing is typed, so that hiding hides nothing", () => {
    for (const text of ["", "   "]) {
      const search = parse(text);
      expect(search.isEmpty).toBe(true);
      expect(search.matches(ofNode(staff))).toBe(false);
    }
  });

  it("finds links by both ends, and by their own numbers", () => {
    const slow = ofLink(link("a", "b", { p99_ms: 900 }), web, staff);
    expect(parse("staff").matches(slow)).toBe(true);
    expect(parse("web staff").matches(slow)).toBe(true);
    expect(parse("kind:link p99>500ms").matches(slow)).toBe(true);
    expect(parse("kind:service").matches(slow)).toBe(false);
  });

  it.each(["p98>5", "errors>abc", "p99>5parsec", "rate>"])("%s is answered by a sentence", text =>
    expect(parse(text).problem).toMatch(/\.$/),
  );

  it("goes on with what it understands", () => {
    const search = parse("p98>5 staff");
    expect(search.matches(ofNode(staff))).toBe(true);
    expect(search.matches(ofNode(web))).toBe(false);
  });

  it("is explained by words it understands", () => {
    for (const text of HELP.match(/(?:kind|badge):\w+|\w+[<>]\w+%?/g) ?? []) {
      expect(parse(text).problem).toBeNull();
    }
  });
});

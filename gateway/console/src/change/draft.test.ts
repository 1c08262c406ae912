import { describe, expect, it } from "vitest";

import schema from "../../../../config/schema.json";
import type { Effective, EffectiveField, Path } from "../api/types";
import {
  byPath,
  changed,
  editsOf,
  parseInline,
  pathText,
  steps,
  written,
  type Value,
} from "./draft";
import { form } from "./schema";
import { inWords } from "./words";

/** `path: value`, with `=` in front for a default. */
function effective(kind: "route" | "service", lines: string[]): Effective {
  const fields = lines.map((line): EffectiveField => {
    const [, isDefault, path = "", value = ""] = /^(=?)([^:]+): (.*)$/.exec(line) ?? [];
    const place = isDefault ? { source: null, line: null } : { source: "c.yaml", line: 7 };
    return { path, value, origin: isDefault ? "default" : "written", doc: "", ...place };
  });
  const path: Path = [`${kind}s`, { name: "staff" }];
  return { generation: 1, kind, name: "staff", path, source: "c.yaml", line: 3, fields };
}

const ROUTE = effective("route", [
  "name: staff",
  "=hosts: every host",
  "=timeout: no limit",
  "filters[0].plugin.name: tracing",
  "=rules[0].name: its place",
  "rules[0].matches[0].headers.X-My-Header.exact: canary",
  "rules[0].backends[0].service: staff",
  "=rules[0].backends[0].weight: 1",
  "rules[0].backends[1].service: canary",
  "rules[0].backends[1].weight: 3",
  "=rules[0].timeout: no limit",
]);

const FORM = form(schema, "Route");

function edits(before: Value, ...changes: [string, Value | undefined][]) {
  const after = changes.reduce<Value>(
    (value, [path, to]) => changed(value, steps(path), to),
    before,
  );
  return editsOf(schema, FORM, ROUTE.path, before, after);
}

describe("what is written", () => {
  it("is read from the effective configuration", () => {
    expect(written(ROUTE)).toEqual({
      name: "staff",
      filters: [{ plugin: { name: "tracing" } }],
      rules: [
        {
          matches: [{ headers: { "X-My-Header": { exact: "canary" } } }],
          backends: [{ service: "staff" }, { service: "canary", weight: 3 }],
        },
      ],
    });
    expect(byPath(ROUTE).get("rules[0].timeout")?.origin).toBe("default");
  });

  it("has paths with any key", () => {
    const path = ["a", 0, "x.y", "b-c"];
    expect(pathText(path)).toBe('a[0]["x.y"].b-c');
    expect(steps(pathText(path))).toEqual(path);
  });

  it("has values on one line", () => {
    expect(parseInline("[a, \"*.b\", 'it''s', \"c, d\"]")).toEqual(["a", "*.b", "it's", "c, d"]);
    expect([parseInline("[]"), parseInline("[redacted]")]).toEqual([[], "[redacted]"]);
    expect([parseInline("1s"), parseInline("3"), parseInline('"3"')]).toEqual(["1s", 3, "3"]);
    expect([parseInline("true"), parseInline("-0.5")]).toEqual([true, -0.5]);
  });
});

describe("edits", () => {
  const before = written(ROUTE);
  const route: Path = ["routes", { name: "staff" }];

  it("are none without a change, and none for one that is taken back", () => {
    expect(edits(before)).toEqual([]);
    expect(edits(before, ["timeout", "1s"], ["timeout", undefined])).toEqual([]);
    expect(
      edits(before, ["rules[0].backends[1].weight", 4], ["rules[0].backends[1].weight", 3]),
    ).toEqual([]);
  });

  it("set and remove a key", () => {
    expect(edits(before, ["timeout", "1s"])).toEqual([
      { op: "set", path: [...route, "timeout"], value: "1s" },
    ]);
    expect(edits(before, ["rules[0].backends[1].weight", undefined])).toEqual([
      { op: "remove", path: [...route, "rules", 0, "backends", { service: "canary" }, "weight"] },
    ]);
    expect(edits(before, ["hosts", ["a.example"]])).toEqual([
      { op: "set", path: [...route, "hosts"], value: ["a.example"] },
    ]);
  });

  it("add and remove items, named if they have a name of their own", () => {
    const backends: Path = [...route, "rules", 0, "backends"];
    expect(
      edits(
        before,
        ["rules[0].backends[0]", undefined],
        ["rules[0].backends[2]", { service: "b" }],
      ),
    ).toEqual([
      { op: "remove", path: [...backends, { service: "staff" }] },
      { op: "insert", path: backends, value: { service: "b" } },
    ]);
  });

  it("count places from behind where names are not unique", () => {
    const twice = changed(before, steps("rules[0].backends"), [{ service: "a" }, { service: "a" }]);
    const found = edits(
      twice,
      ["rules[0].backends[0]", undefined],
      ["rules[0].backends[1]", undefined],
    );
    expect(found.map(({ path }) => path.at(-1))).toEqual([1, 0]);
  });

  it("are said in words", () => {
    const found = edits(
      before,
      ["timeout", "1s"],
      ["rules[0].backends[0].weight", 9],
      ["rules[0].backends[1]", undefined],
      ["rules[0].backends[2]", { service: "b" }],
      ["rules[0].timeout", "5s"],
    );
    expect(inWords(found)).toBe(
      "timeout 1s, weight of backend staff 9, no backend canary, one more backend b, timeout of rule 1 5s",
    );
  });
});

import { describe, expect, it } from "vitest";

import type { RuleStatus } from "../../api/types";
import { darkEdits, darkRule, holdsSecret, pluginSteps, splitEdits, wrongDark } from "./release";

const ROUTE = ["routes", { name: "staff" }];
const DARK = { service: "next", header: "x-my-header", value: "canary" };

describe("a dark release", () => {
  it("takes what the rule takes, with the header, too", () => {
    const rule = {
      matches: [{ path: { prefix: "/a" }, headers: { x: "1" } }, { path: { exact: "/b" } }],
      filters: [{ rewrite: { path: { replace_prefix: "/" } } }],
      backends: [{ service: "staff" }],
      timeout: "1s",
    };
    expect(darkRule(rule, [rule], DARK)).toEqual({
      name: "canary",
      matches: [
        { path: { prefix: "/a" }, headers: { x: "1", "x-my-header": "canary" } },
        { path: { exact: "/b" }, headers: { "x-my-header": "canary" } },
      ],
      filters: [{ rewrite: { path: { replace_prefix: "/" } } }],
      backends: ["next"],
      timeout: "1s",
    });
  });

  it("of every request needs the header alone, and a name that is free", () => {
    expect(darkRule({ backends: [] }, [{ name: "canary" }], DARK)).toEqual({
      name: "canary-2",
      matches: [{ headers: { "x-my-header": "canary" } }],
      backends: ["next"],
    });
  });

  it("stands in front of the others", () => {
    expect(darkEdits(ROUTE, {})).toEqual([
      { op: "insert", path: [...ROUTE, "rules"], index: 0, value: {} },
    ]);
  });

  it("is refused where it cannot work", () => {
    expect(wrongDark({ ...DARK, service: "" })).toContain("service");
    expect(wrongDark({ ...DARK, header: "x y" })).toContain("name");
    expect(wrongDark({ ...DARK, value: "" })).toContain("value");
    expect(wrongDark(DARK)).toBeNull();
    expect(holdsSecret({ a: [{ b: "[redacted]" }] })).toBe(true);
    expect(holdsSecret({ a: "1" })).toBe(false);
  });
});

describe("a split", () => {
  const backend = (service: string, weight: number) => ({
    service,
    weight,
    suspended: null,
    path: [...ROUTE, "rules", 0, "backends", { service }],
  });
  const weights = (backends: RuleStatus["backends"], percent: number) =>
    splitEdits(
      { path: [...ROUTE, "rules", 0], backends } as unknown as RuleStatus,
      "next",
      percent,
    ).map(edit => (edit.op === "remove" ? null : edit.value));

  it("gives the new one its percent and leaves the others their shares", () => {
    expect(weights([backend("a", 1)], 10)).toEqual([90, { service: "next", weight: 10 }]);
    expect(weights([backend("a", 3), backend("b", 1), backend("c", 0)], 20)).toEqual([
      60,
      20,
      0,
      { service: "next", weight: 20 },
    ]);
  });
});

describe("switches of plugins", () => {
  const written = {
    filters: [{ plugin: { name: "tracing" } }, { rewrite: {} }, { plugin: "auth" }],
    rules: [
      { name: "slow", filters: [{ plugin: { name: "auth", disabled: true } }] },
      { filters: [{ plugin: { name: "own", disabled: true } }] },
    ],
  };
  const steps = pluginSteps(ROUTE, written);
  const at = (plugin: string, rule: number | null) =>
    steps.find(step => step.plugin === plugin && step.rule === rule);

  it("switch a step itself", () => {
    const disabled = [...ROUTE, "filters", 2, "plugin", "disabled"];
    expect(at("auth", null)).toMatchObject({
      offBy: null,
      edits: [{ op: "set", path: disabled, value: true }],
    });
    const path = [...ROUTE, "rules", 1, "filters", 0, "plugin", "disabled"];
    expect(at("own", 1)).toMatchObject({ offBy: "rule", edits: [{ op: "remove", path }] });
  });

  it("switch a step of the route for one rule", () => {
    const path = [...ROUTE, "rules", { name: "slow" }, "filters"];
    expect(at("auth", 0)).toMatchObject({
      offBy: "rule",
      edits: [{ op: "remove", path: [...path, 0] }],
    });
    const value = { plugin: { name: "tracing", disabled: true } };
    expect(at("tracing", 0)).toMatchObject({ offBy: null, edits: [{ op: "insert", path, value }] });
  });

  it("have none in the rules where the route has switched it off", () => {
    const off = { plugin: { name: "auth", disabled: true } };
    const rules = [{}, { filters: [off] }, { filters: [{ plugin: "auth" }] }];
    const steps = pluginSteps(ROUTE, { filters: [off], rules });
    expect(steps.map(({ rule, offBy, edits }) => [rule, offBy, edits.length])).toEqual([
      [null, "route", 1],
      [0, "route", 0],
      [1, "route", 0],
      [2, null, 1],
    ]);
  });
});

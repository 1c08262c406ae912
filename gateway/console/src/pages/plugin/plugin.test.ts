import { describe, expect, it } from "vitest";

import type { Plugin, PluginVersion } from "../../api/types";
import { adopted, bundledEdits, switched } from "./edits";
import { decisionOf, healthOf, short } from "./facts";
import { fieldsOf, readText, valueAt, withValue } from "./form";
import { inText } from "./written";

const VERSION: PluginVersion = {
  digest: "sha256:0",
  state: "serving",
  requests: 1_000,
  traps: 0,
  deadlines: 0,
  replaced: 0,
  instances: 2,
  requests_inside: 0,
  calls_open: 0,
  memory_bytes: 1,
  cost: [],
  limits_met: {},
};
const PLACE = { route: "a", rule: null, index: 0, enabled: true, path: ["routes", 0, "plugin"] };
const PLUGIN: Plugin = {
  name: "guard",
  source: "file: guard.wasm",
  version: null,
  digest: "sha256:0",
  abi: "0.2.1",
  on_failure: "closed",
  isolation: "worker",
  imports: [],
  grants: [],
  versions: [VERSION],
  places: [PLACE],
  limits: [],
  schema: null,
  configured: false,
  path: ["plugins", { name: "guard" }],
  canary: null,
  signature: null,
  trouble: null,
};

describe("how a plugin is", () => {
  it.each([
    [{}, "serving"],
    [{ versions: [{ ...VERSION, traps: 1 }] }, "has failed"],
    [{ versions: [{ ...VERSION, traps: 40 }] }, "failing"],
    [{ places: [{ ...PLACE, enabled: false }] }, "switched off"],
    [{ places: [] }, "not used"],
    [{ trouble: "its image cannot be fetched" }, "trouble"],
  ])("%o", (more, words) => {
    expect(healthOf({ ...PLUGIN, ...more }).words).toBe(words);
  });

  it("shortens digests", () => {
    expect(short(`sha256:${"a".repeat(64)}`)).toBe("a".repeat(12));
  });
});

it.each([
  ["running", null],
  ["promoted", /by a call: it takes every request/],
  ["rolled back: by a call", /rolled back by a call/],
  ["rolled back: 9 of its 20 requests failed", /by itself.*9 of its 20 requests failed\.$/],
])("a canary that stands at: %s", (stands, words) => {
  const decision = decisionOf(stands);
  if (words === null) expect(decision).toBeNull();
  else expect(decision).toMatch(words);
});

describe("edits of plugins", () => {
  it("puts a bundled one in front of every route", () => {
    const edits = bundledEdits("tracing", ["a", "b"]);
    expect(edits.map(({ op, path }) => [op, path.length])).toEqual([
      ["insert", 1],
      ["insert", 3],
      ["insert", 3],
    ]);
  });

  it("switches a place off and on", () => {
    const path = ["routes", 0, "plugin", "disabled"];
    expect(switched(PLACE, false)).toEqual([{ op: "set", path, value: true }]);
    expect(switched(PLACE, true)).toEqual([{ op: "remove", path }]);
  });

  it("makes the canary's module the plugin's own", () => {
    const text =
      "plugins:\n  - name: guard\n    oci: x:1\n    canary: { file: new.wasm, percent: 5 }\n";
    const written = inText(text, "guard");
    expect(written?.line).toBe(2);
    const edits = adopted(PLUGIN, written?.fields ?? new Map());
    expect(edits).toEqual([
      { op: "set", path: [...PLUGIN.path, "file"], value: "new.wasm" },
      { op: "remove", path: [...PLUGIN.path, "oci"] },
      { op: "remove", path: [...PLUGIN.path, "canary"] },
    ]);
    expect(adopted(PLUGIN, new Map())).toBeNull();
  });
});

describe("a form out of a schema", () => {
  const schema = {
    required: ["realm"],
    properties: {
      realm: { type: "string", description: "Who asks." },
      mode: { enum: ["strict", "lax"], default: "strict" },
      limits: { $ref: "#/$defs/Limits" },
      keys: { type: "array" },
    },
    $defs: { Limits: { properties: { rate: { type: "integer" } } } },
  };

  it("has a field for each value", () => {
    const fields = fieldsOf(schema) ?? [];
    expect(fields.map(({ label, kind }) => [label, kind])).toEqual([
      ["realm", "text"],
      ["mode", "choice"],
      ["limits.rate", "number"],
      ["keys", "json"],
    ]);
    expect(fields[0]).toMatchObject({ required: true, doc: "Who asks." });
    expect(fields[1]?.otherwise).toBe("strict");
    expect(fieldsOf({ type: "string" })).toBeNull();
  });

  it("sets and takes away values", () => {
    const value = withValue({ a: 1 }, ["limits", "rate"], 5);
    expect(value).toEqual({ a: 1, limits: { rate: 5 } });
    expect(valueAt(value, ["limits", "rate"])).toBe(5);
    expect(withValue(value, ["limits", "rate"], undefined)).toEqual({ a: 1 });
    expect(withValue({ a: 1 }, ["a"], undefined)).toBeUndefined();
  });

  it("reads JSON and plain text", () => {
    expect(readText('{"a": 1}')).toEqual({ value: { a: 1 } });
    expect(readText("mode = strict")).toEqual({ value: "mode = strict" });
    expect(readText(" ")).toEqual({ value: undefined });
    expect(readText("{a")).toHaveProperty("error");
  });
});

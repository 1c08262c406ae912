import { describe, expect, it } from "vitest";

import document from "../../../../config/schema.json";
import { countWrong, durationMs, durationText, wrong } from "./check";
import { canGrow, fieldsOf, form, itemOf, type Field } from "./schema";

const SCHEMA = {
  $defs: {
    Route: {
      type: "object",
      properties: {
        name: { type: "string" },
        retry: { $ref: "#/$defs/Retry", description: "Tries again." },
        faults: { type: "array", items: { $ref: "#/$defs/Fault" } },
        mirror: { $ref: "#/$defs/Backend" },
      },
      required: ["name"],
    },
    Retry: {
      type: "object",
      description: "About retries.",
      properties: {
        attempts: { type: "integer", minimum: 1, maximum: 10, default: 2 },
        per_try: {
          type: "string",
          "x-portico-type": "duration",
          "x-portico-min": 1,
          "x-portico-max": 60_000,
          "x-portico-default": "no limit",
        },
        on: { type: "array", items: { type: "string", pattern: "^[a-z_]+$" }, minItems: 1 },
        budget: { type: "string", pattern: "^[0-9]{1,3}%$", examples: ["20%"] },
        mode: { enum: ["fast", "safe"] },
        hedge: { type: "boolean" },
        token: { type: "string", "x-portico-secret": true },
      },
      required: ["attempts"],
    },
    Fault: {
      type: "object",
      properties: { percent: { type: "number", minimum: 0, maximum: 100 } },
    },
    Backend: {
      anyOf: [
        { type: "string" },
        {
          type: "object",
          properties: { service: { type: "string" }, weight: { type: "integer" } },
          required: ["service"],
        },
      ],
      "x-portico-short": "service",
    },
  },
};

function find(schema: Record<string, unknown>, definition: string, ...keys: string[]): Field {
  let field = form(schema, definition);
  for (const key of keys) {
    const inside = field.kind === "list" ? itemOf(schema, field) : field;
    const found = fieldsOf(schema, inside).find(below => below.key === key);
    if (!found) throw new Error(`no ${key}`);
    field = found;
  }
  return field;
}

describe("forms from the schema", () => {
  it("knows the editor of every kind of a feature that comes later", () => {
    const retry = find(SCHEMA, "Route", "retry");
    expect(retry).toMatchObject({ kind: "object", doc: "Tries again.", isRequired: false });
    const kinds = Object.fromEntries(fieldsOf(SCHEMA, retry).map(({ key, kind }) => [key, kind]));
    expect(kinds).toEqual({
      attempts: "number",
      per_try: "duration",
      on: "texts",
      budget: "text",
      mode: "enum",
      hedge: "boolean",
      token: "fixed",
    });
    expect(find(SCHEMA, "Route", "faults").kind).toBe("list");
  });

  it("takes the long form where there is a short one", () => {
    const mirror = find(SCHEMA, "Route", "mirror");
    expect(mirror).toMatchObject({ kind: "object", identity: "service" });
    expect(find(SCHEMA, "Route", "mirror", "service").names).toBe("services");
    expect(find(SCHEMA, "Route", "mirror", "weight").kind).toBe("weight");
  });

  it("reads the schema that there is", () => {
    expect(find(document, "Route", "timeout").kind).toBe("duration");
    expect(find(document, "Route", "hosts").kind).toBe("texts");
    expect(find(document, "Route", "rules", "matches").kind).toBe("fixed");
    expect(find(document, "Route", "rules", "backends", "weight").kind).toBe("weight");
    const endpoints = find(document, "Service", "endpoints");
    expect(itemOf(document, endpoints).identity).toBe("address");
    expect(find(document, "Service", "connect_timeout").otherwise).toBe("1s");
  });

  it("lets lists grow only where all of an item can be written", () => {
    expect(canGrow(document, find(document, "Route", "rules"))).toBe(false);
    expect(canGrow(document, find(document, "Route", "rules", "backends"))).toBe(true);
  });
});

describe("what is typed", () => {
  it("is a duration within its limits", () => {
    expect([durationMs("1m30s"), durationMs("0s"), durationMs("1"), durationMs("1 s")]).toEqual([
      90_000,
      0,
      null,
      null,
    ]);
    expect([durationText(60_000), durationText(1500), durationText(0)]).toEqual([
      "1m",
      "1500ms",
      "0s",
    ]);
    const field = find(SCHEMA, "Route", "retry", "per_try");
    expect(wrong(field, "soon")).toContain("500ms");
    expect(wrong(field, "2m")).toBe("At most 1m.");
    expect(wrong(field, "0s")).toBe("At least 1ms.");
    expect(wrong(field, "10s")).toBeNull();
  });

  it("is a number, a text or a list as the schema wants it", () => {
    const attempts = find(SCHEMA, "Route", "retry", "attempts");
    expect([wrong(attempts, 1.5), wrong(attempts, 11), wrong(attempts, "x"), wrong(attempts, 3)]) //
      .toEqual(["A whole number.", "At most 10.", "A whole number.", null]);
    expect(wrong(attempts, undefined)).toBe("This is needed.");
    expect(wrong(find(SCHEMA, "Route", "retry", "budget"), "20")).toContain("20%");
    const on = find(SCHEMA, "Route", "retry", "on");
    expect([wrong(on, ["a", "B"]), wrong(on, ["a"])]).toEqual(["“B” cannot be one.", null]);
  });

  it("is counted where it has changed", () => {
    const route = form(SCHEMA, "Route");
    const before = { name: "a" };
    expect(countWrong(SCHEMA, route, before, before)).toBe(0);
    expect(countWrong(SCHEMA, route, { ...before, retry: {} }, before)).toBe(1);
    expect(countWrong(SCHEMA, route, { ...before, retry: { attempts: 2 } }, before)).toBe(0);
    const faults = [{ percent: 101 }, { percent: 1 }, null];
    expect(countWrong(SCHEMA, route, { ...before, faults }, before)).toBe(1);
  });
});

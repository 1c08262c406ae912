import { describe, expect, it } from "vitest";

import document from "../../../../../config/schema.json";
import type { Schema } from "../../api/types";
import { docAt, formsAt, isList, keysOf, refersTo, valuesOf } from "./schema";

const SCHEMA = document as Schema;

describe("the schema at a place", () => {
  it("names the keys of the document and of items", () => {
    const top = keysOf(SCHEMA, formsAt(SCHEMA, []));
    expect(top.map(({ key }) => key)).toContain("services");
    const route = keysOf(SCHEMA, formsAt(SCHEMA, ["routes", 0]));
    expect(route.find(({ key }) => key === "timeout")).toMatchObject({ shape: "plain" });
    expect(route.find(({ key }) => key === "rules")).toMatchObject({
      shape: "list",
      required: true,
    });
  });

  it("goes through alternatives", () => {
    const forms = formsAt(SCHEMA, ["services", 0, "endpoints", 0]);
    expect(keysOf(SCHEMA, forms).map(({ key }) => key)).toContain("weight");
    expect(isList(forms)).toBe(false);
    expect(isList(formsAt(SCHEMA, ["routes"]))).toBe(true);
  });

  it("names the values", () => {
    const values = valuesOf(formsAt(SCHEMA, ["plugins", 0, "on_failure"]));
    expect(values.map(({ value }) => value)).toEqual(["closed", "open"]);
  });

  it("says what a field means", () => {
    expect(docAt(SCHEMA, ["routes", 0, "timeout"])).toContain("how long a whole exchange may take");
    expect(docAt(SCHEMA, ["nothing"])).toBeNull();
  });

  it("knows which fields are names of something", () => {
    expect(refersTo(["routes", 0, "rules", 0, "backends", 1])).toBe("services");
    expect(refersTo(["routes", 0, "rules", 0, "backends", 1, "service"])).toBe("services");
    expect(refersTo(["routes", 0, "filters", 0, "plugin"])).toBe("plugins");
    expect(refersTo(["routes", 0, "listeners", 0])).toBe("listeners");
    expect(refersTo(["plugins", 0, "overrides", 0, "route"])).toBe("routes");
    expect(refersTo(["services", 0, "name"])).toBeNull();
  });
});

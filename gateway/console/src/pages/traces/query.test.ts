import { describe, expect, it } from "vitest";

import { has, keyed, replace, terms, toggle, valueOf, without } from "./query";

describe("terms of a search", () => {
  it("are split by white space outside of quotes", () =>
    expect(terms(' status:5xx  route:"two words" "a b" -is:slow ')).toEqual([
      "status:5xx",
      'route:"two words"',
      '"a b"',
      "-is:slow",
    ]));

  it("an open quote holds to the end, as it is being typed", () =>
    expect(terms('a "b c')).toEqual(["a", '"b c']));

  it("are put in and taken out again", () => {
    expect(toggle("", "is:failed")).toBe("is:failed");
    expect(toggle("/api is:FAILED", "is:failed")).toBe("/api");
    expect(has("/api is:Failed", "is:failed")).toBe(true);
    expect(without("a b c", 1)).toBe("a c");
  });

  it("of one key replace each other", () => {
    expect(replace("route:a is:slow", "route", "b c")).toBe('is:slow route:"b c"');
    expect(replace("route:a is:slow", "route", "")).toBe("is:slow");
    expect(valueOf('is:slow route:"b c"', "route")).toBe("b c");
    expect(valueOf("is:slow", "route")).toBeNull();
    expect(keyed("route", "x")).toBe("route:x");
  });
});

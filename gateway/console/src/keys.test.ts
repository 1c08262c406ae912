import { describe, expect, it } from "vitest";

import { PATIENCE_MS, press } from "./keys";

describe("keys", () => {
  it("goes somewhere with two keys", () => {
    const first = press(null, "g", 1_000);
    expect(first).toEqual({ since: 1_000, act: null });
    expect(press(first.since, "t", 1_400).act).toEqual({ go: "#/traces" });
  });

  it("takes the second g as a place", () =>
    expect(press(1_000, "g", 1_100)).toEqual({ since: null, act: { go: "#/graph" } }));

  it("forgets the first key", () => {
    expect(press(1_000, "t", 1_001 + PATIENCE_MS).act).toBeNull();
    expect(press(1_000, "x", 1_100)).toEqual({ since: null, act: null });
  });

  it("searches and helps with one key", () => {
    expect(press(null, "/", 0).act).toBe("search");
    expect(press(null, "?", 0).act).toBe("keys");
  });
});

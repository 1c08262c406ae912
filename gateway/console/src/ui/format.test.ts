import { describe, expect, it } from "vitest";

import { ago, bytes, microseconds, rate, share } from "./format";

describe("numbers as people read them", () => {
  it.each([
    [0, "0/s"],
    [0.05, "3/min"],
    [0.25, "0.3/s"],
    [1, "1/s"],
    [12.4, "12/s"],
    [12_345, "12.3k/s"],
    [null, "–"],
  ])("a rate of %s is %s", (value, text) => expect(rate(value)).toBe(text));

  it.each([
    [0, "0 %"],
    [0.0004, "< 0.1 %"],
    [0.011, "1.1 %"],
    [0.5, "50 %"],
    [1, "100 %"],
  ])("a share of %s is %s", (value, text) => expect(share(value)).toBe(text));

  it.each([
    [0.25, "250 ns"],
    [1.26, "1.3 µs"],
    [999, "999 µs"],
    [1_500, "1.5 ms"],
    [42_000, "42 ms"],
    [1_004_000, "1 s"],
    [65_000_000, "1 min 5 s"],
  ])("%s µs are %s", (value, text) => expect(microseconds(value)).toBe(text));

  it("sizes", () =>
    expect([bytes(512), bytes(1536), bytes(5 << 20)]).toEqual(["512 B", "1.5 KiB", "5 MiB"]));

  it("moments", () =>
    expect([ago(1000, 2000), ago(0, 30_000), ago(0, 7_200_000)]).toEqual([
      "just now",
      "30 s ago",
      "2 h ago",
    ]));
});

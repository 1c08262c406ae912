import { expect, it } from "vitest";

import { shownInterest } from "./interest";

it.each([
  ["slow", 99_999, "sample"],
  ["slow", 100_000, "slow"],
  ["failed", 10, "failed"],
  ["sample", 5_000_000, "sample"],
] as const)("%s after %i µs is marked as %s", (interest, took_us, shown) =>
  expect(shownInterest({ interest, took_us })).toBe(shown),
);

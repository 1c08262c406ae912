import { describe, expect, it } from "vitest";

import type { Comparison, Pair } from "../../api/traces";
import { slow } from "../trace/fixture";
import { inWords, largest, pairTitle } from "./differences";

function pair(at: number, over: Partial<Pair>): Pair {
  const span = slow().spans[at]!;
  const side = { span: at, took_us: span.took_us, failed: false };
  return {
    depth: span.depth,
    service: span.service,
    name: span.name,
    kind: span.kind,
    first: side,
    second: side,
    delta_us: 0,
    own_delta_us: 0,
    ...over,
  };
}

function comparison(over: Partial<Comparison>): Comparison {
  return {
    delta_us: 0,
    spans: [],
    only_first: 0,
    only_second: 0,
    words: "",
    a: slow(),
    b: slow(),
    ...over,
  };
}

describe("what makes two traces differ", () => {
  it("is said by what one waited for", () => {
    const spans = [
      pair(0, { own_delta_us: -5 }),
      pair(2, { own_delta_us: 700 }),
      pair(4, { own_delta_us: 9_000 }),
    ];
    expect(inWords(comparison({ delta_us: 9_695, spans }))).toEqual([
      "The second took 9.7 ms longer.",
      "Nearly all of it, 9 ms, is waiting for `staff`.",
    ]);
    expect(largest(spans, -1)?.own_delta_us).toBe(-5);
  });

  it("names what only one has, once for all that is below", () => {
    const spans = [
      pair(0, {}),
      pair(2, { second: null, own_delta_us: null }),
      pair(3, { second: null, own_delta_us: null }),
    ];
    expect(inWords(comparison({ spans }))).toEqual([
      "Both took the same time.",
      "Only the first has `asks position-tracker`.",
    ]);
  });

  it("names what failed in the second alone", () => {
    const failed = pair(3, { second: { span: 3, took_us: 1, failed: true }, own_delta_us: -10 });
    const found = inWords(comparison({ delta_us: -10, spans: [failed] }));
    expect(found[0]).toBe("The second took 10 µs less.");
    expect(found.at(-1)).toBe(
      "`GET /api/staff/drivers` failed in the second and not in the first.",
    );
  });

  it("spans are called what they are", () =>
    expect(pairTitle(pair(4, {}), comparison({}))).toBe("asks staff"));
});

import { describe, expect, it } from "vitest";

import { around, clamp, place, ticks, zoom } from "./axis";

const whole = { from_us: 0, to_us: 10_000 };

describe("what the waterfall shows", () => {
  it("stays inside of the trace", () => {
    expect(clamp({ from_us: -50, to_us: 20_000 }, whole)).toEqual(whole);
    expect(clamp({ from_us: 9_995, to_us: 9_996 }, whole)).toEqual({
      from_us: 9_980,
      to_us: 10_000,
    });
  });

  it("zooms around a moment", () => {
    expect(zoom(whole, whole, 0.5, 2_000)).toEqual({ from_us: 1_000, to_us: 6_000 });
    expect(zoom({ from_us: 1_000, to_us: 6_000 }, whole, 4)).toEqual(whole);
    expect(around(5_000, 1_000, whole)).toEqual({ from_us: 4_920, to_us: 6_080 });
  });

  it("cuts bars at its edges", () => {
    expect(place(0, 2_500, whole)).toEqual({ left: 0, width: 25 });
    expect(place(0, 7_500, { from_us: 5_000, to_us: 10_000 })).toEqual({ left: 0, width: 50 });
    expect(place(0, 10, { from_us: 5_000, to_us: 10_000 })).toBeNull();
  });

  it("has round numbers, and offsets far from the beginning", () => {
    expect(ticks(whole).map(tick => tick.label)).toEqual([
      "0",
      "2 ms",
      "4 ms",
      "6 ms",
      "8 ms",
      "10 ms",
    ]);
    const far = ticks({ from_us: 19_021_000, to_us: 19_027_000 });
    expect(far.map(tick => tick.label).slice(0, 3)).toEqual(["19.0210 s", "+1 ms", "+2 ms"]);
  });
});

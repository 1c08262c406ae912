import { describe, expect, it } from "vitest";

import { durations, nearest, powerOfTen, times } from "./scatter-scale";

describe("the scatter's scales", () => {
  it("durations go by powers of ten", () => {
    const { place, ticks } = durations([250, 19_000_000]);
    expect(ticks).toEqual([100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]);
    expect([place(100), place(1e8), place(1e5)]).toEqual([0, 1, 0.5]);
  });

  it("one duration, or none, has a scale too", () => {
    expect(durations([1000]).ticks).toEqual([1000, 10_000]);
    expect(durations([]).ticks.length).toBeGreaterThan(1);
    expect(durations([0]).place(0)).toBe(0);
  });

  it("powers of ten are short", () =>
    expect([10, 1e4, 1e8].map(powerOfTen)).toEqual(["10 µs", "10 ms", "100 s"]));

  it("times have ticks at round moments", () => {
    const { place, ticks } = times(3_500, 33_500);
    expect(ticks).toEqual([5_000, 10_000, 15_000, 20_000, 25_000, 30_000]);
    expect(place(18_500)).toBe(0.5);
  });

  it("no moments have no ticks, and many years have few", () => {
    const none = times(Math.min(), Math.max());
    expect(none.ticks).toEqual([]);
    expect(none.place(5)).toBe(0);
    expect(times(0, 1.8e12).ticks.length).toBeLessThan(10);
    expect(durations([Infinity, NaN, 1000]).ticks).toEqual([1000, 10_000]);
  });

  it("the nearest point within reach", () => {
    const points = [
      { x: 0, y: 0, seq: 1 },
      { x: 10, y: 0, seq: 2 },
    ];
    expect(nearest(points, 7, 1, 6)?.seq).toBe(2);
    expect(nearest(points, 5, 40, 6)).toBeNull();
  });
});

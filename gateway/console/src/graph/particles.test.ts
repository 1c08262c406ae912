import { describe, expect, it } from "vitest";

import { fleet, request } from "./fixture";
import { unfolded } from "./elements";
import {
  along,
  atlas,
  isOver,
  launch,
  lookOf,
  MOST,
  pace,
  position,
  wayOf,
  type Flying,
} from "./particles";

const map = atlas(fleet());
const stops = (legs: { to: string }[]) => legs.map(leg => leg.to);

describe("the way of a request", () => {
  it("goes along the links that it took", () =>
    expect(stops(wayOf(request(), map))).toEqual([
      "listener:web",
      "route:staff",
      "service:staff",
      "endpoint:staff/1",
    ]));

  it("tells endpoints of the same address apart by their service", () =>
    expect(stops(wayOf(request({ route: "web", service: "web" }), map)).at(-1)).toBe(
      "endpoint:web/1",
    ));

  it("ends at the service where endpoints are folded", () =>
    expect(stops(wayOf(request(), atlas(unfolded(fleet(), false)))).at(-1)).toBe("service:staff"));

  it("ends at the listener if no route was found", () => {
    const lost = request({ route: null, service: null, endpoint: null, status: 404 });
    expect(stops(wayOf(lost, map))).toEqual(["listener:web"]);
  });

  it("takes as long to the service as the request did, within reason", () => {
    const time = (took_us: number) =>
      wayOf(request({ took_us }), map)
        .slice(2)
        .reduce((sum, leg) => sum + leg.ms, 0);
    expect(time(0)).toBeCloseTo(300);
    expect(time(60_000_000)).toBeCloseTo(4_000);
    expect(time(10_000)).toBeLessThan(time(100_000));
    expect(time(1_000_000)).toBeLessThan(time(9_000_000));
    expect(time(10_000)).toBe(pace(10_000));
  });
});

it("what failed, what was slow and the rest look different", () => {
  expect(lookOf(request())).toBe("ordinary");
  expect(lookOf(request({ status: 503 }))).toBe("failed");
  expect(lookOf(request({ interest: "failed", status: 200 }))).toBe("failed");
  expect(lookOf(request({ interest: "slow", took_us: 100_000 }))).toBe("slow");
  expect(lookOf(request({ interest: "slow", took_us: 99_000 }))).toBe("ordinary");
  expect(lookOf(request({ took_us: 2_000_000 }))).toBe("slow");
});

describe("on its way", () => {
  const flying: Flying = {
    request: request(),
    look: "ordinary",
    legs: [
      { from: "a", to: "b", ms: 100 },
      { from: "b", to: "c", ms: 300 },
    ],
    start: 1_000,
  };

  it.each([
    [999, null],
    [1_000, ["b", 0]],
    [1_050, ["b", 0.5]],
    [1_250, ["c", 0.5]],
    [1_400, null],
  ])("at %s it is at %j", (now, expected) => {
    const at = position(flying, now);
    expect(at && [at.leg.to, at.part]).toEqual(expected);
    expect(isOver(flying, now)).toBe(now >= 1_400);
  });
});

describe("many", () => {
  const many = (count: number, status = 200) =>
    Array.from({ length: count }, (_, seq) => request({ seq, status, at_ms: 1_000 - seq }));

  it("set off one after the other, as they came", () => {
    const starts = launch([], many(3), map, 0).map(one => one.start);
    expect(starts).toEqual([250, 249, 248]);
  });

  it("are never more than can be told apart", () =>
    expect(launch(launch([], many(150), map, 0), many(150), map, 0)).toHaveLength(MOST));

  it("give way to those that failed", () => {
    const full = launch([], many(MOST), map, 0);
    const failed = launch(full, many(20, 500), map, 0).filter(one => one.look === "failed");
    expect(failed).toHaveLength(20);
  });

  it("and those whose way is not drawn do not fly", () =>
    expect(launch([], [request({ listener: "unknown" })], map, 0)).toEqual([]));
});

it("a place along a line is on its ends and in its middle", () => {
  const at = (x: number, y = 0) => ({ x, y });
  expect(along([at(0), at(10)], 0.3)).toEqual(at(3));
  const bent = [at(0), at(2, 5), at(5, 5), at(8, 5), at(10, 10)];
  expect(along(bent, 0)).toEqual(at(0));
  expect(along(bent, 0.5)).toEqual(at(5, 5));
  expect(along(bent, 1)).toEqual(at(10, 10));
});

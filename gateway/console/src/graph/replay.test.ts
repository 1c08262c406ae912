import { expect, it } from "vitest";

import { advance, back, moved, within } from "./replay";
import { outline } from "./spark";
import { address, read } from "./choice";
import { boxOf, clipped, fitting } from "./viewport";

it("a replay goes on until it has caught up", () => {
  expect(advance(100, 1, 200)).toBe(100.5);
  expect(advance(100, 20, 200)).toBe(110);
  expect(advance(195, 20, 200)).toBeNull();
});

it("a replay stays within what is remembered", () => {
  expect(within(5, 10, 20)).toBe(10);
  expect(within(25, 10, 20)).toBe(20);
  expect(within(15, 10, 20)).toBe(15);
});

it("one key on the slider enters the past, and moves on in it", () => {
  expect(moved(null, 999, 1_000)).toBe(995);
  expect(moved(null, 900, 1_000)).toBe(900);
  expect(moved(null, 1_000, 1_000)).toBeNull();
  expect(moved(995, 994, 1_000)).toBe(994);
  expect(moved(998, 999, 1_000)).toBeNull();
});

it("how long ago is told to the second", () => {
  expect(back(995, 1_000)).toBe("5 s ago");
  expect(back(875, 1_000)).toBe("2 min 5 s ago");
});

it("what was chosen is in the address", () => {
  const query =
    "select=service%3Astaff&find=errors%3E1%25&label=p99&endpoints=no&view=table&at=1000";
  const chosen = read(new URLSearchParams(query));
  expect(chosen.selected).toBe("service:staff");
  expect(chosen.at).toBe(1_000);
  expect(read(new URLSearchParams(address(chosen).split("?")[1]))).toEqual(chosen);
  expect(address(read(new URLSearchParams("")))).toBe("#/graph");
  expect(read(new URLSearchParams("label=nonsense&at=soon")).label).toBe("auto");
});

it("small lines have gaps where nothing is known", () => {
  expect(outline([0, 10])).toBe("M0.0 25.0L100.0 1.0");
  expect(outline([1, null, 1, 1])).toBe("M0.0 1.0M66.7 1.0L100.0 1.0");
  expect(outline([])).toBe("");
});

it("the whole graph fits its box, and is not blown up", () => {
  const places = new Map([
    ["a", { x: 0, y: 0 }],
    ["b", { x: 1_000, y: 300 }],
  ]);
  const box = boxOf({ places, columns: new Map(), pitch: 70 }, ["a", "b"]);
  if (!box) throw new Error("no box");
  const size = { width: 500, height: 400 };
  const { zoom, pan } = fitting(box, size);
  const seen = {
    x1: -pan.x / zoom,
    y1: -pan.y / zoom,
    x2: (size.width - pan.x) / zoom,
    y2: (size.height - pan.y) / zoom,
  };
  expect(clipped(box, seen)).toBe(false);
  expect(clipped(box, { ...seen, x2: 500 })).toBe(true);
  expect(fitting({ x1: 0, y1: 0, x2: 10, y2: 10 }, size).zoom).toBeLessThanOrEqual(1.2);
});

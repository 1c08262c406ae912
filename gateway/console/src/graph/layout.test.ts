import { describe, expect, it } from "vitest";

import { columnsOf, evenly, ordered, wrap } from "./columns";
import { fleet, graph, huge, link, node } from "./fixture";
import { arrange, keep, type Layout, moved, NOWHERE, SIZES } from "./layout";

/** Pairs of nodes that cover each other. */
function overlaps({ places }: Layout, ids: string[]): string[] {
  const size = (id: string) => SIZES[id.split(":")[0] as keyof typeof SIZES];
  return ids.flatMap((a, at) =>
    ids.slice(at + 1).flatMap(b => {
      const [one, other] = [places.get(a), places.get(b)];
      if (!one || !other) return [`${a} or ${b} is nowhere`];
      const isFree =
        Math.abs(one.x - other.x) >= (size(a).width + size(b).width) / 2 ||
        Math.abs(one.y - other.y) >= (size(a).height + size(b).height) / 2;
      return isFree ? [] : [`${a} covers ${b}`];
    }),
  );
}

describe("a layout", () => {
  it("goes from left to right as a request does", () => {
    const { nodes, links } = fleet();
    const { places } = arrange(nodes, links);
    const way = ["client", "listener:web", "route:staff", "service:staff", "endpoint:staff/1"];
    const xs = way.map(id => places.get(id)?.x ?? NaN);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
  });

  it("keeps links straight where one leads to one", () => {
    const { nodes, links } = fleet();
    const { places } = arrange(nodes, links);
    for (const name of ["web", "staff", "telemetry"]) {
      const y = places.get(`route:${name}`)?.y;
      expect(places.get(`service:${name}`)?.y).toBe(y);
      expect(places.get(`endpoint:${name}/1`)?.y).toBe(y);
    }
  });

  it("is the same for the same graph in another order", () => {
    const { nodes, links } = huge();
    const again = arrange([...nodes].reverse(), links);
    expect([...again.places].sort()).toEqual([...arrange(nodes, links).places].sort());
  });

  it("places 200 services and 2,000 links within 100 ms, without covering any", () => {
    const { nodes, links } = huge();
    expect(links.length).toBeGreaterThan(2_000);
    arrange(nodes, links);
    const start = performance.now();
    const layout = arrange(nodes, links);
    expect(performance.now() - start).toBeLessThan(100);
    expect(overlaps(layout, nodes.map(({ id }) => id))).toEqual([]); // prettier-ignore
  });

  it("wraps columns that would be too high", () => {
    const { nodes, links } = huge();
    const { columns, places } = arrange(nodes, links);
    expect(columns.get(3)?.xs.length).toBeGreaterThan(3);
    const [xs, ys] = [[...places.values()].map(at => at.x), [...places.values()].map(at => at.y)];
    const wide = Math.max(...xs) - Math.min(...xs);
    const high = Math.max(...ys) - Math.min(...ys);
    expect(wide / high).toBeLessThan(2.2);
    expect(high / wide).toBeLessThan(1.5);
  });
});

describe("when nodes come", () => {
  it("nothing that is there moves", () => {
    const { nodes, links } = fleet();
    const before = arrange(nodes, links);
    const more = [...nodes, node("service", "new"), node("far", "database"), node("route", "new")];
    const moreLinks = [
      ...links,
      link("route:new", "service:new"),
      link("service:new", "far:database"),
    ];
    const after = keep(before, more, moreLinks);
    before.places.forEach((place, id) => expect(after.places.get(id)).toEqual(place));
    expect(overlaps(after, more.map(({ id }) => id))).toEqual([]); // prettier-ignore
  });

  it("one that was moved by hand stays there", () => {
    const { nodes, links } = fleet();
    const before = moved(arrange(nodes, links), "service:web", { x: 7, y: 8 });
    const after = keep(before, [...nodes, node("service", "new")], links);
    expect(after.places.get("service:web")).toEqual({ x: 7, y: 8 });
  });

  it("one that went finds its place again", () => {
    const { nodes, links } = fleet();
    const before = arrange(nodes, links);
    expect(keep(before, nodes.slice(3), links)).toBe(before);
    expect(keep(before, nodes, links)).toBe(before);
  });

  it("one by one, none covers another", () => {
    const { nodes, links } = huge();
    let layout = NOWHERE;
    const few = nodes.filter((_, at) => at % 4 === 0 || at < 2);
    few.forEach((_, at) => (layout = keep(layout, few.slice(0, at + 1), links)));
    expect(overlaps(layout, few.map(({ id }) => id))).toEqual([]); // prettier-ignore
  });

  it("the first ones in an empty graph are arranged", () => {
    const { nodes, links } = fleet();
    expect(keep(NOWHERE, nodes, links)).toEqual(arrange(nodes, links));
  });
});

it("services behind the gateway stand by their distance", () => {
  const nodes = [node("service", "a"), node("far", "b"), node("far", "c"), node("far", "alone")];
  const links = [link("service:a", "far:b"), link("far:b", "far:c"), link("far:c", "far:b")];
  const columns = columnsOf(graph(nodes).nodes, links);
  expect(["service:a", "far:b", "far:c", "far:alone"].map(id => columns.get(id))).toEqual([
    3, 5, 6, 5,
  ]);
});

it("the order lets few links cross, and names decide where it does not matter", () => {
  const nodes = [..."abc"].flatMap(name => [node("route", name), node("service", name)]);
  const links = [
    link("route:a", "service:c"),
    link("route:b", "service:b"),
    link("route:c", "service:a"),
  ];
  const order = ordered(nodes, links, columnsOf(nodes, links));
  expect(order.get(3)).toEqual(["service:c", "service:b", "service:a"]);
  expect(ordered(nodes, [], columnsOf(nodes, [])).get(3)).toEqual([
    "service:a",
    "service:b",
    "service:c",
  ]);
});

it("numbers are spread as little as needed", () => {
  expect(evenly([0, 100, 200], 50)).toEqual([0, 100, 200]);
  expect(evenly([10, 10, 10], 20)).toEqual([-10, 10, 30]);
  expect(evenly([100, 0], 10)).toEqual([45, 55]);
  expect(evenly([], 10)).toEqual([]);
});

it("short columns are not wrapped", () => {
  expect(wrap([1, 1, 4, 5, 9])).toBe(12);
  expect(wrap([1, 1, 60, 200])).toBeLessThan(40);
});

import { describe, expect, it } from "vitest";

import { show } from "./elements";
import { parse } from "./find";
import { fleet, IDLE, node, stats } from "./fixture";
import { judge } from "./health";
import { type Busy, filled, follow, waitOf } from "./waiting";

const at = (seconds: number, inFlight: number, lastSeen: number | null = null) => ({
  ...fleet(),
  at: seconds,
  nodes: [node("service", "a", { in_flight: inFlight, stats: { ...IDLE, last_seen: lastSeen } })],
});

describe("how long a node waits", () => {
  const waited = (...graphs: ReturnType<typeof at>[]) => {
    let busy: Busy = new Map();
    graphs.forEach(graph => (busy = follow(busy, graph)));
    const last = graphs.at(-1) as ReturnType<typeof at>;
    return waitOf(last.nodes[0] as never, busy, last.at).seconds;
  };

  it("is counted from when it was first seen busy", () => {
    expect(waited(at(10, 3))).toBe(0);
    expect(waited(at(10, 3), at(14, 3))).toBe(4);
  });

  it("begins anew with each answer", () => expect(waited(at(10, 3), at(14, 3, 13))).toBe(1));

  it("begins anew when nothing was in flight", () =>
    expect(waited(at(10, 3), at(12, 0), at(14, 3))).toBe(0));
});

it("what hangs is bad although nothing was answered", () => {
  expect(judge(IDLE, { inFlight: 80, seconds: 12 })).toEqual({
    health: "bad",
    why: "80 waiting · 12 s",
  });
  expect(judge(IDLE, { inFlight: 1, seconds: 0 })).toEqual({ health: "warn", why: "1 waiting" });
});

it("what piles up is seen among quick answers", () => {
  expect(judge(stats(), { inFlight: 120, seconds: 0 }).why).toBe("120 waiting");
  expect(judge(stats({ requests_per_second: 1 }), { inFlight: 2, seconds: 0 }).why).toBeNull();
  expect(
    judge(stats({ requests_per_second: 1_000 }), { inFlight: 120, seconds: 0 }).why,
  ).toBeNull();
});

it("the way to what hangs is drawn as bad, and only that", () => {
  const graph = fleet();
  graph.nodes = graph.nodes.map(one =>
    one.id.includes("staff") && one.kind !== "service"
      ? { ...one, in_flight: 8, stats: { ...IDLE, last_seen: null } }
      : one,
  );
  graph.links = graph.links.map(one => (one.to.includes("staff") ? { ...one, stats: IDLE } : one));
  const busy = follow(follow(new Map(), filled(graph)), filled({ ...graph, at: 1_000 }));
  const choice = { endpoints: true, label: "auto", find: parse(""), hide: parse("") } as const;
  const shown = show(filled({ ...graph, at: 1_005 }), choice, busy);
  const bad = shown.links.filter(one => one.verdict.health === "bad");
  expect(bad.map(one => one.to)).toEqual(["route:staff", "service:staff", "endpoint:staff/1"]);
  expect(bad[0]?.label).toBe("◆ 8 waiting");
});

import { describe, expect, it } from "vitest";

import type { Graph } from "../api/types";
import {
  type Choice,
  endpointsByDefault,
  inNumbers,
  MANY_ENDPOINTS,
  show,
  unfolded,
} from "./elements";
import { parse } from "./find";
import { fleet, graph, IDLE, link, node, stats } from "./fixture";
import { judge, judgeNode } from "./health";

const all: Choice = { endpoints: true, label: "auto", find: parse(""), hide: parse("") };

describe("health", () => {
  it.each([
    [{}, "good", null],
    [{ error_share: 0.009 }, "good", null],
    [{ error_share: 0.01 }, "warn", "1 % errors"],
    [{ error_share: 0.1 }, "bad", "10 % errors"],
    [{ p99_ms: 1_000 }, "warn", "p99 1 s"],
    [{ p50_ms: 1_020, p99_ms: 1_100 }, "warn", "p50 1.02 s"],
    [{ p50_ms: 2_000, p99_ms: 2_100 }, "bad", "p50 2 s"],
    [{ p50_ms: 12_000, p99_ms: 20_000 }, "bad", "p50 12 s"],
    [IDLE, "idle", null],
  ] as const)("%j is %s", (given, health, why) =>
    expect(judge(stats(given))).toEqual({ health, why }),
  );

  it("of what is suspended is just that", () => {
    const badges = [{ kind: "suspended" as const, words: "sick" }];
    const failing = node("service", "a", { badges, stats: stats({ error_share: 1 }) });
    expect(judgeNode(failing).health).toBe("off");
  });

  it("knows the first request before it is answered", () => {
    const waiting = node("service", "a", { stats: IDLE, in_flight: 2 });
    expect(judgeNode(waiting)).toEqual({ health: "warn", why: "2 waiting" });
  });
});

describe("what is shown", () => {
  it("labels links with the rate, or with what is wrong where nothing was answered", () => {
    const slow = graph(
      [node("route", "a"), node("service", "b")],
      [link("route:a", "service:b", { p50_ms: 12_000 })],
    );
    expect(show(slow, all).links[0]?.label).toBe("◆ 10/s");
    const hangs = node("service", "b", { stats: IDLE, in_flight: 2 });
    const waiting = graph([node("route", "a"), hangs], [link("route:a", "service:b", IDLE)]);
    expect(show(waiting, all).links[0]?.label).toBe("▲ 2 waiting");
    const since = new Map([["service:b", waiting.at - 3]]);
    expect(show(waiting, all, since).links[0]?.label).toBe("◆ 2 waiting");
  });

  it("draws trouble thick even where there is little traffic", () => {
    const rates = { requests: 1, requests_per_second: 0.1 };
    const slow = link("client", "listener:web", { ...rates, p50_ms: 12_000 });
    const busy = link("client", "listener:web", { requests_per_second: 100 });
    const widthOf = (one: typeof slow) => {
      const nodes = [node("client", "clients"), node("listener", "web")];
      return show(graph(nodes, [one]), all).links[0]?.width ?? 0;
    };
    expect(widthOf(slow)).toBeGreaterThanOrEqual(4);
    expect(widthOf(busy)).toBeGreaterThan(widthOf(link("client", "listener:web", rates)));
  });

  it("tells the share of traffic of each way", () => {
    const nodes = [node("route", "a"), node("service", "b"), node("service", "c")];
    const links = [
      link("route:a", "service:b", { requests: 90 }),
      link("route:a", "service:c", { requests: 10 }),
    ];
    const { links: shown } = show(graph(nodes, links), { ...all, label: "share" });
    expect(shown.map(one => one.label.trim())).toEqual(["90 %", "10 %"]);
    expect(shown.map(one => one.side)).toEqual(["target", "target"]);
  });

  it("hides nodes with their links", () => {
    const shown = show(fleet(), { ...all, hide: parse("kind:service staff") });
    expect(shown.hidden).toBe(1);
    expect(shown.links.some(one => one.to === "service:staff")).toBe(false);
  });

  it("marks what is found", () => {
    const shown = show(fleet(), { ...all, find: parse("kind:service staff") });
    expect(shown.isSearching).toBe(true);
    expect(shown.nodes.filter(one => one.isFound).map(one => one.id)).toEqual(["service:staff"]);
  });

  it("says where sight ends", () => {
    const sight = [
      { service: "staff", ends_here: true, words: "Sight ends at `staff`." },
      { service: "web", ends_here: false, words: "" },
    ];
    const { nodes } = show({ ...fleet(), sight }, all);
    const ends = nodes.filter(one => one.sightEnds);
    expect(ends.map(one => [one.id, one.sightEnds])).toEqual([
      ["service:staff", "Sight ends at `staff`."],
    ]);
  });
});

describe("folded endpoints", () => {
  const sick = (): Graph => {
    const before = fleet();
    const badges = [{ kind: "unhealthy" as const, words: "refused 3 of 40." }];
    const nodes = before.nodes.map(one =>
      one.id === "endpoint:staff/1" ? { ...one, badges } : one,
    );
    return { ...before, nodes };
  };

  it("are gone with their links", () => {
    const { nodes, links } = unfolded(fleet(), false);
    expect(nodes.some(one => one.kind === "endpoint")).toBe(false);
    expect(links.some(one => one.to.startsWith("endpoint"))).toBe(false);
  });

  it("let their service say that they are not well", () => {
    const { nodes } = unfolded(sick(), false);
    const staff = nodes.find(one => one.id === "service:staff");
    expect(staff?.badges).toEqual([{ kind: "unhealthy", words: "refused 3 of 40." }]);
    expect(staff && judgeNode(staff).health).toBe("warn");
  });

  it("are folded when there are many", () => {
    expect(endpointsByDefault(fleet())).toBe(true);
    const many = Array.from({ length: MANY_ENDPOINTS + 1 }, (_, at) => node("endpoint", `${at}`));
    expect(endpointsByDefault(graph(many))).toBe(false);
  });
});

it("a node's small print says the most important", () => {
  const line = (given: Parameters<typeof stats>[0]) => {
    const own = stats(given);
    return inNumbers({ stats: own, verdict: judge(own) });
  };
  expect(line({})).toBe("10/s · p99 20 ms");
  expect(line({ error_share: 0.12, errors: 12 })).toBe("10/s · 12 % errors");
  expect(line(IDLE)).toBe("idle");
});

import { describe, expect, it } from "vitest";

import type { Stats } from "../api/types";
import { healthOf, ranked } from "./rank";

const NONE: Stats = {
  requests: 0,
  requests_per_second: 0,
  errors: 0,
  error_share: null,
  classes: [0, 0, 0, 0, 0, 0],
  p50_ms: null,
  p90_ms: null,
  p99_ms: null,
  bytes_in: 0,
  bytes_out: 0,
  last_seen: null,
};

const route = (name: string, more: Partial<Stats>, suspended: string | null = null) => ({
  name,
  suspended,
  stats: { ...NONE, requests: 10, ...more },
});

describe("routes to look at first", () => {
  it("are those that fail, then slow ones, then suspended ones", () => {
    const routes = [
      route("idle", { requests: 0 }),
      route("well", { error_share: 0, p99_ms: 20 }),
      route("stopped", { error_share: 1 }, "it hangs"),
      route("slow", { error_share: 0, p99_ms: 1_200 }),
      route("slower", { error_share: 0, p99_ms: 20_000 }),
      route("fails", { error_share: 0.4, p99_ms: 1 }),
    ];
    const names = ranked(routes).map(({ name }) => name);
    expect(names).toEqual(["fails", "slower", "slow", "stopped", "well", "idle"]);
  });

  it("are well with few failures", () =>
    expect(healthOf(route("x", { error_share: 0.004, p99_ms: 3 }))).toBe("good"));
});

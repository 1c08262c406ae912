import { describe, expect, it } from "vitest";

import type { Explained } from "../../api/types";
import { meetsFilters, meetsService, ownAnswer, warnings } from "./verdict";

const explained = (more: Partial<Explained>) =>
  ({ rule: {}, answer: null, notes: [], ...more }) as unknown as Explained;

describe("what a request comes to", () => {
  it("an answer is a status, a reason, and more", () => {
    expect(ownAnswer("404 no_route")).toEqual({ status: 404, reason: "no_route", more: "" });
    expect(ownAnswer("503 suspended: moved: later")).toEqual({
      status: 503,
      reason: "suspended",
      more: "moved: later",
    });
    expect(ownAnswer("301 redirect to http://x/").more).toBe("to http://x/");
  });

  it("steps behind the answer are not met", () => {
    const answers = [null, "503 suspended: sick", "503 suspended: x; its filters do not run"];
    const met = answers.map(answer => explained({ answer }));
    expect(met.map(meetsFilters)).toEqual([true, true, false]);
    expect(met.map(meetsService)).toEqual([true, false, false]);
    expect(meetsService(explained({ rule: null }))).toBe(false);
  });

  it("https is warned of once", () => {
    expect(warnings(explained({}), "https://x/")[0]).toMatch(/^nothing speaks TLS/);
    expect(warnings(explained({}), "http://x/?https:")).toEqual([]);
    expect(warnings(explained({ notes: ["no listener has TLS"] }), "https://x/")).toHaveLength(1);
  });
});

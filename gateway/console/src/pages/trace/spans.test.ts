import { describe, expect, it } from "vitest";

import { slow, span, whole } from "./fixture";
import { culprit, ownWait, parents } from "./spans";

describe("who made it slow", () => {
  it("is whom the gateway waited for, with what that service says of itself", () =>
    expect(culprit(slow())).toEqual({
      service: "staff",
      route: "staff",
      waited_us: 9_000,
      share: 0.9,
      hasTimedOut: false,
    }));

  it("is nobody if no service was asked", () => {
    const trace = slow();
    trace.spans = [span({ span_id: "a0", kind: "server", critical_us: 10 })];
    expect(culprit(trace)).toBeNull();
  });

  it("is the request's own service where no span tells", () =>
    expect(ownWait(whole())).toMatchObject({ service: "position-tracker", waited_us: 9_930 }));

  it("a route's name may hold slashes", () => {
    const trace = slow();
    trace.spans[3]!.attributes = [["portico.rule", "team/a/drivers/0"]];
    expect(culprit(trace)?.route).toBe("team/a/drivers");
  });
});

it("parents follow from order and depth", () =>
  expect(parents([0, 1, 2, 1, 0, 1].map(depth => ({ depth })))).toEqual([null, 0, 1, 0, null, 4]));

import { describe, expect, it } from "vitest";

import { attempt, slow, whole } from "./fixture";
import { rows, visible } from "./rows";

const drawn = () => rows(slow(), whole()).map(row => `${" ".repeat(row.depth)}${row.title}`);

describe("rows of the waterfall", () => {
  it("tell spans and phases in the order in which they began", () =>
    expect(drawn()).toEqual([
      "GET /api/positions",
      " connection accepted",
      " head read",
      " rule found",
      " filters let it pass",
      " filter tracing",
      " endpoint chosen",
      " asks position-tracker",
      "  took a kept connection",
      "  sent the request",
      "  waited for position-tracker",
      "  GET /api/staff/drivers",
      "   asks staff",
      "    find drivers",
      "  received the answer",
      " head of the answer passed on",
      " body of the answer passed on",
      " filters logged it",
    ]));

  it("know whose they are, and carry what the request's record says", () => {
    const all = rows(slow(), whole());
    const find = (title: string) => all.find(row => row.title === title);
    expect(find("find drivers")).toMatchObject({ who: "staff", kind: "service", parent: "b1" });
    expect(find("asks position-tracker")?.attempt?.endpoint).toBe("127.0.0.1:32002");
    expect(find("filter tracing")?.filter?.callbacks).toBe(5);
    expect(find("asks staff")?.gaps).toEqual([[510, 1_000]]);
    expect(find("connection accepted")).toMatchObject({ isBefore: true, at_us: 0, took_us: 12 });
    expect(find("waited for position-tracker")).toMatchObject({ at_us: 50, took_us: 9_900 });
    expect(find("head of the answer passed on")).toMatchObject({ at_us: 9_950, took_us: 10 });
  });

  it("an attempt without a connection ends there", () => {
    const refused = attempt({
      span_id: "a2",
      reused: false,
      connected_us: null,
      sent_us: null,
      first_byte_us: null,
      outcome: "refused",
    });
    const all = rows(slow(), { ...whole(), attempts: [refused] });
    expect(all.filter(row => row.parent === "a2").map(row => row.title)).toEqual([
      "got no connection",
      "GET /api/staff/drivers",
    ]);
  });

  it("without a record there are the spans alone", () =>
    expect(rows(slow(), null).map(row => row.id)).toEqual(["a0", "a1", "a2", "b0", "b1", "c0"]));

  it("a collapsed row hides all that is below", () => {
    const all = rows(slow(), null);
    expect(visible(all, new Set(["a2"])).map(row => row.id)).toEqual(["a0", "a1", "a2"]);
    expect(visible(all, new Set(["b0"])).at(-1)?.id).toBe("b0");
    expect(visible(all, new Set())).toHaveLength(all.length);
  });
});

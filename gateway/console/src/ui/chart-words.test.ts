import { describe as suite, expect, it } from "vitest";

import { describe } from "./chart-words";
import { rate } from "./format";

suite("a chart in a sentence", () => {
  const words = (values: (number | null)[]) =>
    describe("Requests", [{ name: "all", values }], rate);

  it("names the newest, the lowest and the highest", () =>
    expect(words([1, 5, null, 3])).toBe("Requests. all: now 3/s, between 1/s and 5/s."));

  it("does not make a range of a flat line", () =>
    expect(words([2, 2])).toBe("Requests. all: 2/s."));

  it("says that there is nothing", () =>
    expect(words([null, null])).toBe("Requests. all: nothing yet."));
});

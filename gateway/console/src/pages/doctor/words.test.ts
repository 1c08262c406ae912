import { expect, it } from "vitest";

import { apart } from "./words";

it("evidence and advice are told apart, and ids are left to the links", () =>
  expect(
    apart(
      "`a` called `b` without it: 3 of 14 calls. By chance less than 0.1 would have. Its traces " +
        "break there: see trace 40094008b97299c1126dd20417a1ea9b. Let `a` copy the headers `x` and " +
        "`y`, or do otherwise.",
    ),
  ).toEqual({
    evidence: ["`a` called `b` without it: 3 of 14 calls.", "By chance less than 0.1 would have."],
    todo: "Let `a` copy the headers `x` and `y`, or do otherwise.",
  }));

it("other words stay whole", () => {
  expect(apart("no full stop")).toEqual({ evidence: ["no full stop"], todo: null });
  expect(apart("One. Two.")).toEqual({ evidence: ["One.", "Two."], todo: null });
});

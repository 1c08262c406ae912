import { expect, it } from "vitest";

import { nearest } from "./nearest";

it("finds what somebody may have meant, the nearest first", () => {
  const names = ["staff", "position-tracker", "web", "staff-canary"];
  expect(nearest("stafff", names)).toEqual(["staff"]);
  expect(nearest("Staff", names)).toEqual(["staff", "staff-canary"]);
  expect(nearest("tracker", names)).toEqual(["position-tracker"]);
  expect(nearest("qqqq", names)).toEqual([]);
});

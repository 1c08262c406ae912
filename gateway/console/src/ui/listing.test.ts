import { expect, it } from "vitest";

import { inOrder } from "./listing";

it("leaves rows where they are, and puts new ones last", () => {
  const all = ["c", "new", "a"].map(name => ({ name }));
  expect(inOrder(all, ["a", "b", "c"]).map(({ name }) => name)).toEqual(["a", "c", "new"]);
});

import { describe, expect, it } from "vitest";

import { parseDiff } from "./diff";
import { unified } from "./unified";

/** What both sides are, according to the difference alone. */
function sides(text: string) {
  const rows = parseDiff(text).flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines));
  const of = (kind: string) => rows.filter(row => row.kind !== kind).map(row => row.text);
  return [of("added"), of("removed")];
}

describe("the difference of two texts", () => {
  it("is nothing for the same text", () => {
    expect(unified("a", "x\n", "x\n")).toBe("");
  });

  it("shows what is around a change", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    expect(unified("a", before, before.replace("5", "x"))).toBe(
      "--- a\n+++ a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n",
    );
  });

  it("makes a part of each place", () => {
    const before = Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n");
    const after = before.replace("line 3\n", "").replace("line 30", "line 30\nmore");
    const [file] = parseDiff(unified("a", before, after));
    expect(file?.hunks).toHaveLength(2);
    expect([file?.added, file?.removed]).toEqual([1, 1]);
    expect(file?.hunks[1]?.lines[0]).toMatchObject({ before: 29, after: 28 });
  });

  it.each([
    ["a b c a b b a", "c b a b a c"],
    ["", "x y"],
    ["x y", ""],
    ["a b c d", "d c b a"],
    ["a x b y c", "a b c"],
    ["q w e r t", "z q e r r t u"],
  ])("keeps both sides of %j and %j", (before, after) => {
    const [one, two] = [before, after].map(text => text.split(" ").filter(Boolean));
    const diff = unified("a", one?.join("\n") ?? "", two?.join("\n") ?? "");
    expect(sides(diff)).toEqual([one, two]);
  });
});

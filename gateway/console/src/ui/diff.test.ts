import { describe, expect, it } from "vitest";

import { parseDiff } from "./diff";

const TEXT = `--- config/default.yaml
+++ config/default.yaml
@@ -21,3 +21,4 @@
   - name: staff
-    timeout: 2s
+    timeout: 1s
+    suspended: it hangs
     rules:
@@ -40 +41 @@
--- a line that looks like a head
+++ another
`;

describe("a unified diff", () => {
  const [file] = parseDiff(TEXT);

  it("names the file and counts", () =>
    expect([file?.name, file?.added, file?.removed]).toEqual(["config/default.yaml", 3, 2]));

  it("numbers the lines on both sides", () =>
    expect(file?.hunks[0]?.lines.map(({ before, after }) => [before, after])).toEqual([
      [21, 21],
      [22, null],
      [null, 22],
      [null, 23],
      [23, 24],
    ]));

  it("takes no line of a hunk for the head of a file", () => {
    expect(parseDiff(TEXT)).toHaveLength(1);
    expect(file?.hunks[1]?.lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "removed -- a line that looks like a head",
      "added ++ another",
    ]);
  });

  it("reads several files, git's names, and a missing newline", () => {
    const two = parseDiff(
      "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n" +
        "--- a/y\n+++ b/y\n@@ -0,0 +1,2 @@\n+1\n+2\n",
    );
    expect(two.map(({ name, added, removed }) => [name, added, removed])).toEqual([
      ["x", 1, 1],
      ["y", 2, 0],
    ]);
  });

  it("of nothing is nothing", () => expect(parseDiff("")).toEqual([]));
});

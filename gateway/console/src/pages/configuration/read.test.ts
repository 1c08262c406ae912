import { describe, expect, it } from "vitest";

import type { Generation, GenerationTexts } from "../../api/types";
import { before, differenceOf, editWords, generationOf, isFileRefused, originWords } from "./read";

function generation(number: number, at: string): Generation {
  const rest = { origin: "admin", author: "me", reason: null, took_ms: 1, sources: ["a"] };
  return { generation: number, at, digest: "", warnings: [], ...rest };
}

function texts(number: number, ...list: [string, string][]): GenerationTexts {
  const own = list.map(([source, text]) => ({ source, text }));
  return { ...generation(number, "2026-01-01T00:00:00Z"), texts: own, diff: "" };
}

describe("what is said of generations", () => {
  it.each([
    ["file", null, true],
    ["admin", null, true],
    ["admin", "me", false],
    ["module", null, false],
    ["rollback to 3", "me", false],
  ])("knows whether the file was refused: %s, by %s", (origin, author, is) =>
    expect(isFileRefused({ origin, author })).toBe(is),
  );

  it("says where they come from", () => {
    expect(originWords("rollback to 7")).toBe("back to generation 7");
    expect(originWords("file")).toBe("the source has changed");
    expect(originWords("new")).toBe("new");
  });

  it("compares all their files", () => {
    const diff = differenceOf(texts(1, ["a", "x\n"], ["b", "same\n"]), texts(2, ["b", "same\n"]));
    expect(diff).toContain("--- a");
    expect(diff).toContain("-x");
    expect(diff).not.toContain("--- b");
  });

  it("says edits in words", () => {
    const path = ["routes", { name: "staff" }, "timeout"];
    expect(editWords({ op: "set", path, value: "1s" })).toBe("set routes.staff.timeout to 1s");
    expect(editWords({ op: "remove", path })).toBe("remove routes.staff.timeout");
  });

  it("finds what a held change made", () => {
    const history = [generation(3, "2026-01-01T00:00:00Z"), generation(5, "2026-01-01T00:01:00Z")];
    expect(generationOf(history, "2026-01-01T00:00:59.900Z")?.generation).toBe(5);
    expect(before(history, 5)?.generation).toBe(3);
    expect(before(history, 3)).toBeUndefined();
  });
});

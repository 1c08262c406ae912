import { describe, expect, it } from "vitest";

import { rebase, settled } from "./rebase";

const DRAFTS = {
  base: 1,
  texts: [
    { source: "a", before: "a\n", now: "a\n" },
    { source: "b", before: "b\n", now: "mine\n" },
  ],
};

function running(a: string, b: string) {
  const texts = [
    { source: "a", text: a },
    { source: "b", text: b },
  ];
  return { generation: 2, texts };
}

describe("texts when another generation runs", () => {
  it("follow what runs where nobody has written", () => {
    const { base, texts } = rebase(DRAFTS, running("new\n", "b\n"));
    expect(base).toBe(2);
    expect(texts).toEqual([
      { source: "a", before: "new\n", now: "new\n" },
      { source: "b", before: "b\n", now: "mine\n" },
    ]);
  });

  it("are in conflict where both have written something else", () => {
    const [, b] = rebase(DRAFTS, running("a\n", "theirs\n")).texts;
    expect(b).toEqual({ source: "b", before: "b\n", now: "mine\n", theirs: "theirs\n" });
    expect(b && settled(b, "mine")).toEqual({ source: "b", before: "theirs\n", now: "mine\n" });
    expect(b && settled(b, "theirs").now).toBe("theirs\n");
  });

  it("agree where both have written the same", () => {
    const [, b] = rebase(DRAFTS, running("a\n", "mine\n")).texts;
    expect(b).toEqual({ source: "b", before: "mine\n", now: "mine\n" });
  });
});

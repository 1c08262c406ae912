import { describe, expect, it } from "vitest";

import { entryAt, names, scan, siblings } from "./scan";

/** What is at the `|` in a text. */
function at(marked: string) {
  const { place } = scan(marked.replace("|", ""), marked.indexOf("|"));
  return [place.path.join("."), place.kind];
}

describe("the place of the cursor", () => {
  it.each([
    ["at the beginning", "|", "", "either"],
    ["a key of the document", "listeners: []\nser|", "", "either"],
    ["a key of an item", "routes:\n  - name: a\n    tim|", "routes.0", "either"],
    ["the first key of an item", "routes:\n  - na|", "routes.0", "either"],
    ["an empty line in an item", "routes:\n  - name: a\n  - name: b\n    |", "routes.1", "either"],
    ["an empty line after an item", "routes:\n  - name: a\n|", "", "either"],
    ["a value", "plugins:\n  - name: a\n    bundled: t|", "plugins.0.bundled", "value"],
    ["a value not begun", "plugins:\n  - on_failure: |", "plugins.0.on_failure", "value"],
    ["below a key", "telemetry:\n  receiver:\n    |", "telemetry.receiver", "either"],
    [
      "a list as deep as its key",
      "routes:\n- name: a\n  rules:\n  - |",
      "routes.0.rules.0",
      "either",
    ],
    [
      "lists in lists",
      "routes:\n  - rules:\n      - backends:\n          - a\n          - s|",
      "routes.0.rules.0.backends.1",
      "either",
    ],
    ["a dash in a dash", "a:\n  - - x\n    - y|", "a.0.1", "either"],
    [
      "in brackets",
      "routes:\n  - rules: [{ matches: [{ path: { pre|",
      "routes.0.rules.0.matches.0.path",
      "either",
    ],
    ["a value in brackets", "plugins: [{ bundled: t|", "plugins.0.bundled", "value"],
    ["the second in brackets", "routes: [{}, { name: a, |", "routes.1", "either"],
    ["an item in brackets", "backends: [a, st|", "backends.1", "either"],
    ["brackets over lines", "backends: [\n  a,\n  b|", "backends.1", "either"],
    ["after brackets", "services:\n  - name: a\n    endpoints: [x]\n    |", "services.0", "either"],
    ["a comment", "routes: # the wa|", "routes", "text"],
    ["a long text", "body: |\n  one\n  two: t@", "body", "text"],
  ])("%s", (_, marked, path, kind) => {
    const isLong = marked.includes("@");
    const { place } = isLong ? scan(marked.slice(0, -1)) : { place: null };
    expect(place ? [place.path.join("."), place.kind] : at(marked)).toEqual([path, kind]);
  });

  it("leaves a long text", () => {
    expect(at("a: >-\n  text: x\n  more\nb: |")).toEqual(["b", "value"]);
  });

  it("knows where the word begins", () => {
    expect(scan("a:\n  - bundled: tra").place.from).toBe(16);
    expect(scan("a: { b: tra").place.from).toBe(8);
  });
});

describe("what stands in a document", () => {
  const text =
    "services:\n  - name: a\n  - { name: 'b', endpoints: [x:1] }\nroutes:\n  - name: c # no\n";
  const { entries } = scan(text);

  it("lists names", () => {
    expect(names(entries, "services")).toEqual(["a", "b"]);
    expect(names(entries, "routes")).toEqual(["c"]);
  });

  it("knows what stands beside a key", () => {
    expect(siblings(entries, ["services", 1])).toEqual(["name", "endpoints"]);
    expect(siblings(entries, [])).toEqual(["services", "routes"]);
  });

  it("finds the key at a position", () => {
    expect(entryAt(entries, text.indexOf("endpoints") + 3)?.path).toEqual([
      "services",
      1,
      "endpoints",
    ]);
    expect(entryAt(entries, text.indexOf("c #"))).toBeUndefined();
  });
});

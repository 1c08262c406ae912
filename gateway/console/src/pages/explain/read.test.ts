import { describe, expect, it } from "vitest";

import { fromQuery, leftOut, toQuery, withoutSecrets, written, type Question } from "./question";
import { absolute, read } from "./read";

const BASE = "http://localhost:30080/";

describe("what stands in the box", () => {
  it.each([
    ["/api/staff?x=1", "GET", "/api/staff?x=1"],
    ["POST /api", "POST", "/api"],
    ["fleet.local/api", "GET", "http://fleet.local/api"],
    ["https://fleet.local", "GET", "https://fleet.local"],
    ["get http://x/ HTTP/1.1", "GET", "http://x/"],
    ["curl -X PUT x/a", "PUT", "http://x/a"],
    ["/usr/bin/curl x/a", "GET", "http://x/a"],
    ["wget http://x/a", "GET", "http://x/a"],
    ["$ wget -q -O - x/a?b=1&c", "GET", "http://x/a?b=1&c"],
    ["wget -qO- --method=PUT --header 'a: b' x/a", "PUT", "http://x/a"],
  ])("%s", (text, method, url) => expect(read(text).question).toMatchObject({ method, url }));

  it("a request's head with its headers", () =>
    expect(read("GET /a HTTP/1.1\nhost: fleet.local\nx-user: 7\n\nstrange")).toEqual({
      question: {
        method: "GET",
        url: "/a",
        headers: ["host: fleet.local", "x-user: 7"],
        body: null,
      },
      notes: ["`strange` is not a header and is ignored."],
      problem: null,
    }));

  it("paths are those of an address of the gateway", () => {
    expect(absolute("/a?b", BASE)).toBe("http://localhost:30080/a?b");
    expect(absolute("http://x/a", BASE)).toBe("http://x/a");
  });

  it("nothing, and nonsense", () => {
    expect(read("  ")).toEqual({ question: null, notes: [], problem: null });
    expect(read("why is it slow").problem).toMatch(/neither a URL/);
  });
});

describe("a question in the address", () => {
  const asked: Question = {
    method: "POST",
    url: "http://x/a?b=1&c",
    headers: ["x-user: it's 7", "Authorization: Basic abc", "cookie: a=1"],
    body: "n=1",
  };

  it("comes back without what lets somebody in", () =>
    expect(fromQuery(toQuery(asked))).toEqual({ ...asked, headers: ["x-user: it's 7"] }));

  it.each([
    ["https://me:p@ss@x/a?b=1", "https://x/a?b=1"],
    ["http://me@x/", "http://x/"],
    ["/a?access_token=1&b=2&X-Api-Key=3", "/a?access_token=&b=2&X-Api-Key="],
    ["http://x/?%74oken=1#id_token=2", "http://x/?%74oken=#id_token="],
    ["http://x/a@b?keyword=1&q=me@x", "http://x/a@b?keyword=1&q=me@x"],
  ])("keeps secrets of %s out", (url, kept) => {
    expect(withoutSecrets(url).url).toBe(kept);
    expect(toQuery({ ...asked, url }).get("url")).toBe(kept);
  });

  it("says what is left out", () =>
    expect(leftOut({ ...asked, url: "http://me:p@x/?password=1" })).toEqual([
      "the user of the URL",
      "the value of `password`",
      "`Authorization`",
      "`cookie`",
    ]));

  it("is written as short as it can be, and read back the same", () => {
    for (const question of [
      asked,
      { ...asked, method: "PUT" },
      { method: "GET", url: "http://x/", headers: [], body: null },
      { method: "DELETE", url: "http://x/", headers: [], body: null },
      { method: "HEAD", url: "http://x/", headers: ["a: b"], body: null },
    ]) {
      const back = read(written(question)).question;
      const headers = back?.headers.filter(header => !header.startsWith("content-type"));
      expect({ ...back, headers }).toEqual(question);
    }
    expect(written({ method: "GET", url: "http://x/", headers: [], body: null })).toBe("http://x/");
  });
});

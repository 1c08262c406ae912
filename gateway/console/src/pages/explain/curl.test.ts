import { describe, expect, it } from "vitest";

import { readCurl } from "./curl";

const FORM = "content-type: application/x-www-form-urlencoded";
const question = (line: string) => readCurl(line).question;

describe("a curl line", () => {
  it.each([
    ["curl localhost:30080/a", "GET", "http://localhost:30080/a", [], null],
    ["$ curl -sSLk https://x/a?b=1&c=2", "GET", "https://x/a?b=1&c=2", [], null],
    ["curl -X delete http://x/a", "DELETE", "http://x/a", [], null],
    ["curl -XPUT http://x/a", "PUT", "http://x/a", [], null],
    ["curl -vXPATCH --url http://x/a", "PATCH", "http://x/a", [], null],
    ["curl -I http://x/", "HEAD", "http://x/", [], null],
    ["curl http://x/ -H 'X-User: 7' -H x-b:c", "GET", "http://x/", ["X-User: 7", "x-b: c"], null],
    ["curl http://x/ -d a=1 -d b=2", "POST", "http://x/", [FORM], "a=1&b=2"],
    [
      "curl -G http://x/?z=0 -d a=1 --data-urlencode 'b=c d'",
      "GET",
      "http://x/?z=0&a=1&b=c%20d",
      [],
      null,
    ],
    [
      `curl http://x/ --data-raw '{"a": "it'\\''s"}' -H content-type:text/x`,
      "POST",
      "http://x/",
      ["content-type: text/x"],
      `{"a": "it's"}`,
    ],
    [
      "curl --json '{}' http://x/",
      "POST",
      "http://x/",
      ["content-type: application/json", "accept: application/json"],
      "{}",
    ],
    ["curl -u me:pass http://x/", "GET", "http://x/", ["authorization: Basic bWU6cGFzcw=="], null],
    [
      "curl -b 'a=1; b=2' -A 'me/1' -e http://y/ http://x/",
      "GET",
      "http://x/",
      ["cookie: a=1; b=2", "user-agent: me/1", "referer: http://y/"],
      null,
    ],
    [
      "curl --compressed http://x/",
      "GET",
      "http://x/",
      ["accept-encoding: deflate, gzip, br, zstd"],
      null,
    ],
    [
      "curl -o /dev/null -w '%{http_code}' -m 5 --max-time=3 http://x/",
      "GET",
      "http://x/",
      [],
      null,
    ],
    ["curl --request=POST http://x/", "POST", "http://x/", [], null],
    ["curl 'http://x/a b' -H 'empty;'", "GET", "http://x/a b", ["empty: "], null],
    ["curl http://x/ -H $'x-a: 1\\'2\\n\\u0041'", "GET", "http://x/", ["x-a: 1'2\nA"], null],
    ['curl "http://x/\\"q\\"" -H "x: \\$a"', "GET", 'http://x/"q"', ["x: $a"], null],
  ])("%s", (line, method, url, headers, body) =>
    expect(question(line)).toEqual({ method, url, headers, body }),
  );

  it("may go over several lines, as browsers copy it", () => {
    const line =
      "curl 'http://x/api' \\\n  -H 'accept: */*' \\\r\n  --data-raw 'a' \\\n  --insecure";
    expect(readCurl(line)).toEqual({
      question: { method: "POST", url: "http://x/api", headers: ["accept: */*", FORM], body: "a" },
      notes: [],
      problem: null,
    });
    expect(question('curl "http://x/api" ^\n  -H "a: b"')?.headers).toEqual(["a: b"]);
  });

  it("names what it ignores", () =>
    expect(
      readCurl("curl --frobnicate -? http://x/ http://y/ -d @file -H @h | jq .").notes,
    ).toEqual([
      "What stands behind `|` is for the shell, not for curl.",
      "curl's option `--frobnicate` is not known here and is ignored.",
      "curl's option `-?` is not known here and is ignored.",
      "The content of the file `file` is not known here.",
      "The headers of `@h` are not known here.",
      "Only the first URL is looked at, not `http://y/`.",
    ]));

  it("ends where the shell ends it", () => {
    expect(question("curl http://x/ 2>/dev/null")?.url).toBe("http://x/");
    expect(question("curl http://x/ && echo done")?.url).toBe("http://x/");
    expect(readCurl("curl http://x/ --next http://y/").notes[0]).toMatch(/only the first/);
  });

  it("says what is missing", () => {
    expect(readCurl("curl -v").problem).toBe("The line names no URL.");
    expect(readCurl("curl http://x/ -H").notes).toEqual(["`-H` has no value."]);
    expect(readCurl("curl 'http://x/").notes).toEqual(["A quote is not closed."]);
  });
});

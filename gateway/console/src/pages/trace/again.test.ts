import { expect, it } from "vitest";

import { again, explainAddress } from "./again";
import { whole } from "./fixture";

it("a request is sent again without what was not kept, and without what was not its own", () =>
  expect(again(whole())).toEqual({
    send: {
      method: "GET",
      url: "http://localhost:30080/api/positions?n=1",
      headers: ["accept: */*", "x-user: 7"],
    },
    without: ["authorization", "token"],
    impossible: null,
  }));

it("one with a body cannot be sent again", () => {
  const posted = whole();
  posted.request.body_bytes = 3;
  expect(again(posted).impossible).toMatch(/body is not kept/);
});

it("leads to the same question", () =>
  expect(explainAddress(whole())).toBe(
    "#/explain?url=http%3A%2F%2Flocalhost%3A30080%2Fapi%2Fpositions%3Fn%3D1&method=GET&header=accept%3A+*%2F*&header=x-user%3A+7",
  ));

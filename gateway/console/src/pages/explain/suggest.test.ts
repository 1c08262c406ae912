import { expect, it } from "vitest";

import type { Address, RouteStatus } from "../../api/types";
import { examples } from "./suggest";

const BASE = "http://localhost:30080/";

function route(hosts: string[], matches: string[]): RouteStatus {
  return { hosts, rules: [{ matches }] } as unknown as RouteStatus;
}

it("examples come from routes and addresses", () => {
  const routes = [
    route([], ["path starts with `/api/staff`"]),
    route(["fleet.local"], ["method is GET", "path is /map"]),
    route([], ["path starts with /"]),
    route([], []),
  ];
  const address = { url: BASE, curl: `curl -i ${BASE}` } as Address;
  expect(examples(routes, [address], BASE)).toEqual([
    "/api/staff",
    "http://fleet.local:30080/map",
    BASE,
    "/no-such-page",
    `curl -i ${BASE}`,
  ]);
});

it("without anything there is something to click", () =>
  expect(examples([], [], BASE)).toEqual(["/no-such-page", `curl -i ${BASE}`]));

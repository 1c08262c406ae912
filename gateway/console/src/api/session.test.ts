import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { call, post } from "./client";
import { session, signIn } from "./session";

/** A gateway with sessions in its memory. */
let asked: string[];
let known: string | null;
let signsIn: "automatic" | "token";

function answer(path: string, { method, headers }: { method: string; headers: Headers }) {
  const token = headers.get("x-portico-csrf");
  asked.push(`${method} ${path}${token ? ` ${token}` : ""}`);
  const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });
  if (path === "/api/v1/session") {
    if (method === "POST" && signsIn === "automatic") known = `csrf${asked.length}`;
    const role = known ? "operator" : "none";
    return json(200, { role, csrf: known, sign_in: signsIn });
  }
  return known ? json(200, { done: true }) : json(401, { error: "Sign in first." });
}

beforeEach(async () => {
  [asked, known, signsIn] = [[], null, "automatic"];
  vi.stubGlobal("fetch", async (path: string, init: never) => answer(path, init));
  await signIn();
  asked = [];
});
afterEach(() => vi.unstubAllGlobals());

describe("a gateway that has started again", () => {
  it("is signed in to once, and asked again with the new token", async () => {
    known = null;
    expect(await post("/api/v1/changes", {})).toEqual({ done: true });
    expect(asked).toEqual([
      "POST /api/v1/changes csrf2",
      "GET /api/v1/session",
      "POST /api/v1/session csrf2",
      "POST /api/v1/changes csrf3",
    ]);
  });

  it("gives one session to all who ask at the same time", async () => {
    known = null;
    await Promise.all([call("GET", "/api/v1/routes"), call("GET", "/api/v1/services")]);
    expect(asked.filter(line => line.startsWith("POST"))).toHaveLength(1);
  });

  it("makes the page ask for a secret if it gives no session by itself", async () => {
    [known, signsIn] = [null, "token"];
    await expect(post("/api/v1/changes", {})).rejects.toMatchObject({ status: 401 });
    expect(session.value?.role).toBe("none");
    expect(asked.filter(line => line.includes("changes"))).toHaveLength(1);
  });
});

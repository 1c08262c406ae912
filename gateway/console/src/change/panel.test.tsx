import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import schema from "../../../../config/schema.json";
import { configurations } from "../api/stream";
import type { Effective } from "../api/types";
import { ChangePanel } from "./panel";
import { proposal } from "./propose";

const WRITTEN = { origin: "written" as const, source: "dir/c.yaml", doc: "What it is. And more." };
const DEFAULT = { origin: "default" as const, source: null, line: null, doc: "" };
const EFFECTIVE: Effective = {
  generation: 4,
  kind: "route",
  name: "staff",
  path: ["routes", { name: "staff" }],
  source: "dir/c.yaml",
  line: 3,
  fields: [
    { path: "name", value: "staff", line: 3, ...WRITTEN },
    { path: "timeout", value: "2s", line: 4, ...WRITTEN },
    { path: "rules[0].matches[0].path.prefix", value: "/api", line: 6, ...WRITTEN },
    { path: "rules[0].backends[0].service", value: "staff", line: 7, ...WRITTEN },
    { path: "rules[0].backends[0].weight", value: "1", ...DEFAULT },
    {
      path: "rules[0].timeout",
      value: "2s",
      origin: "inherited",
      source: "dir/c.yaml",
      line: 4,
      doc: "",
    },
  ],
};

let effective: Effective;

beforeEach(() => {
  effective = EFFECTIVE;
  vi.stubGlobal("fetch", (path: string) => {
    const body = path.includes("effective")
      ? effective
      : path.includes("schema")
        ? schema
        : [{ name: "staff" }, { name: "next" }];
    return Promise.resolve(new Response(JSON.stringify(body)));
  });
});
afterEach(() => {
  cleanup();
  proposal.value = null;
});

async function open(): Promise<HTMLInputElement[]> {
  render(<ChangePanel kind="route" name="staff" />);
  return (await screen.findAllByLabelText("Timeout")) as HTMLInputElement[];
}

const inRule = ["routes", { name: "staff" }, "rules", 0];

describe("the panel", () => {
  it("says what holds and where it is written", async () => {
    const [ofRoute, ofRule] = await open();
    expect(ofRoute?.value).toBe("2s");
    expect([ofRule?.value, ofRule?.placeholder]).toEqual(["", "2s"]);
    expect(screen.getAllByText("c.yaml:4")).toHaveLength(2);
    expect(screen.getByText("c.yaml:6").getAttribute("href")).toContain("line=6");
    expect(screen.queryByText("Review change …")).toBeNull();
  });

  it("proposes all changes together", async () => {
    const [, ofRule] = await open();
    fireEvent.input(ofRule as HTMLElement, { target: { value: "500ms" } });
    fireEvent.click(screen.getByLabelText("Reset: Timeout"));
    fireEvent.click(screen.getByText("Review change …"));
    expect(proposal.value?.change.edits).toEqual([
      { op: "remove", path: ["routes", { name: "staff" }, "timeout"] },
      { op: "set", path: [...inRule, "timeout"], value: "500ms" },
    ]);
    expect(proposal.value?.reason).toBe("staff: no timeout, timeout of rule 1 500ms");
  });

  it("does not propose what the schema refuses", async () => {
    const [ofRoute] = await open();
    fireEvent.input(ofRoute as HTMLElement, { target: { value: "soon" } });
    const review = screen.getByText("Review change …") as HTMLButtonElement;
    expect(review.disabled).toBe(true);
    expect(ofRoute?.getAttribute("aria-invalid")).toBe("true");
    fireEvent.click(screen.getByLabelText("Take back: Timeout"));
    expect(screen.queryByText("Review change …")).toBeNull();
  });

  it("adds a backend and takes one away", async () => {
    await open();
    fireEvent.click(screen.getByText("Add a backend"));
    const [choice] = screen.getAllByLabelText(/^Service/);
    await screen.findByText("next");
    fireEvent.change(choice as HTMLElement, { target: { value: "next" } });
    fireEvent.click(screen.getByLabelText("Remove Backend staff"));
    fireEvent.click(screen.getByText("Review change …"));
    expect(proposal.value?.change.edits).toEqual([
      { op: "remove", path: [...inRule, "backends", { service: "staff" }] },
      { op: "insert", path: [...inRule, "backends"], value: { service: "next" } },
    ]);
  });

  it("keeps what was typed when somebody else changes something", async () => {
    const [ofRoute] = await open();
    fireEvent.input(ofRoute as HTMLElement, { target: { value: "3s" } });
    effective = { ...EFFECTIVE, generation: 5 };
    configurations.value += 1;
    await screen.findByText(/has changed meanwhile/);
    expect(ofRoute?.value).toBe("3s");
  });
});

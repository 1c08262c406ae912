import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { session } from "../api/session";
import type { Change, Preview, Role } from "../api/types";
import { Toasts } from "../ui/toast";
import { ChangeDialog } from "./dialog";
import { proposal, propose } from "./propose";

const EDITS = [{ op: "set" as const, path: ["routes", { name: "staff" }, "timeout"], value: "1s" }];
const DIFF = "--- c.yaml\n+++ c.yaml\n@@ -1 +1,2 @@\n - name: staff\n+  timeout: 1s\n";
const PREVIEW: Preview = {
  base: 7,
  valid: true,
  files: [{ source: "c.yaml", diff: DIFF, before: "", after: "" }],
  diagnostics: [],
  writable: true,
  why_not: null,
  can_be_held: true,
};

/** What was sent to `changes`, and what is answered to it, the last answer again and again. */
let sent: Change[];
let previews: Preview[];
let answers: { status: number; body: object }[];
let held: { at: string; reason: string; trouble: string | null }[];

beforeEach(() => {
  [sent, previews, held] = [[], [PREVIEW], []];
  const body = { generation: 8, before: 7, warnings: [], written: ["c.yaml"], held: false };
  answers = [{ status: 200, body }];
  vi.stubGlobal("fetch", (path: string, { body: text }: { body: string }) => {
    if (path.endsWith("configuration")) return answer(200, { held });
    if (path.endsWith("preview")) return answer(200, next(previews));
    sent.push(JSON.parse(text) as Change);
    const { status, body } = next(answers);
    return answer(status, body);
  });
});
afterEach(() => {
  cleanup();
  proposal.value = null;
});

function next<T>(list: T[]): T {
  return (list.length > 1 ? list.shift() : list[0]) as T;
}

function answer(status: number, body: object): Promise<Response> {
  return Promise.resolve(new Response(JSON.stringify(body), { status }));
}

function open(role: Role = "operator"): void {
  session.value = { role, name: "me", csrf: null, sign_in: "token", hint: null };
  render(
    <>
      <ChangeDialog />
      <Toasts />
    </>,
  );
  propose({ title: "Set timeout", change: { edits: EDITS }, reason: "staff hangs" });
}

describe("the dialog of a change", () => {
  it("shows the difference and applies it with a reason, for what was shown", async () => {
    open();
    expect(await screen.findByText("timeout: 1s", { exact: false })).toBeTruthy();
    fireEvent.input(screen.getByLabelText("Reason"), { target: { value: "it hangs again" } });
    fireEvent.click(screen.getByText("Apply"));
    await screen.findByText("Applied as generation 8: Set timeout");
    expect(sent).toEqual([{ edits: EDITS, reason: "it hangs again", base: 7 }]);
    expect(proposal.value).toBeNull();
  });

  it("undoes what it has applied", async () => {
    open();
    fireEvent.click(await screen.findByText("Apply"));
    fireEvent.click((await screen.findAllByText("Undo")).at(-1) as HTMLElement);
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]).toEqual({ back_to: 7, reason: "undo of generation 8", base: 8 });
  });

  it("says that an undo would take back more, when another generation came since", async () => {
    const [applied] = answers;
    answers = [applied as (typeof answers)[0], { status: 409, body: { error: "9 runs" } }];
    open();
    fireEvent.click(await screen.findByText("Apply"));
    fireEvent.click((await screen.findAllByText("Undo")).at(-1) as HTMLElement);
    await screen.findByText(/^Go back to generation 7: .*everything since, not only generation 8$/);
    expect(proposal.value).toMatchObject({
      change: { back_to: 7 },
      reason: "back to generation 7",
    });
  });

  it("looks again when somebody else was faster", async () => {
    answers.unshift({ status: 409, body: { error: "generation 8 runs" } });
    previews.push({ ...PREVIEW, base: 8 });
    open();
    fireEvent.click(await screen.findByText("Apply"));
    await screen.findByText(/Somebody has changed/);
    fireEvent.click(await screen.findByText("Apply"));
    await waitFor(() => expect(sent.map(({ base }) => base)).toEqual([7, 8]));
  });

  it("shows what was found wrong at applying it", async () => {
    const found = {
      severity: "error",
      source: "c.yaml",
      line: 2,
      column: 3,
      path: "routes.staff",
      message: "the plugin cannot be started",
      why: "it traps",
      help: null,
      excerpt: null,
    };
    answers.unshift({ status: 422, body: { error: "it is refused", diagnostics: [found] } });
    open();
    fireEvent.click(await screen.findByText("Apply"));
    expect(await screen.findByText("the plugin cannot be started")).toBeTruthy();
    expect(screen.getByText("c.yaml:2:3")).toBeTruthy();
    expect(screen.queryByText("it is refused")).toBeNull();
  });

  it("holds what cannot be written, and says why", async () => {
    previews = [{ ...PREVIEW, writable: false, why_not: "it is a ConfigMap" }];
    open();
    expect(await screen.findByText(/it is a ConfigMap/)).toBeTruthy();
    fireEvent.click(screen.getByText(/^Apply now and hold/));
    await waitFor(() => expect(sent[0]?.hold).toBe(true));
  });

  it("holds what is not written over a file that was refused", async () => {
    const why_not = "`c.yaml` is not what runs: it was changed, and that was refused.";
    previews = [{ ...PREVIEW, writable: false, why_not }];
    open();
    const note = (await screen.findByText(/cannot write/)).textContent;
    expect(note).toContain(
      "cannot write the configuration's source: c.yaml is not what runs: it was changed, and that was refused. Make",
    );
    expect(screen.getByText(/^Apply now and hold/)).toBeTruthy();
  });

  it("says which held change cannot be made at the moment", async () => {
    held = [
      { at: "1", reason: "limit staff", trouble: "there is no route `staff`." },
      { at: "2", reason: "limit web", trouble: null },
    ];
    open();
    const note = (await screen.findByText(/^Held in the gateway/)).parentElement;
    expect(note?.textContent).toContain("at the moment: there is no route staff. It is tried");
    expect(screen.queryByText(/limit web/)).toBeNull();
  });

  it("shows a viewer the difference, and how to be more", async () => {
    open("viewer");
    expect(await screen.findByText(/not apply it/)).toBeTruthy();
    expect(screen.queryByText("Apply")).toBeNull();
  });

  it("applies nothing that would be refused", async () => {
    previews = [{ ...PREVIEW, valid: false }];
    open();
    const button = (await screen.findByText("Apply")) as HTMLButtonElement;
    expect(button.disabled).toBe(true);
  });
});

import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it } from "vitest";

import { session } from "../api/session";
import type { Session } from "../api/types";
import { proposal } from "./propose";
import { Suspend } from "./suspend";
import { reasonText } from "./suspension";

const PATH = ["services", { name: "staff" }];

const as = (role: Session["role"]) => (session.value = { role } as Session);

beforeEach(() => as("operator"));
afterEach(() => {
  cleanup();
  session.value = null;
  proposal.value = null;
});

it("asks for a reason in place, and proposes it", () => {
  render(<Suspend what="service staff" path={PATH} suspended={null} trouble="it hangs" />);
  fireEvent.click(screen.getByText("Suspend …"));
  const input = screen.getByLabelText(/^Why/) as HTMLInputElement;
  expect(input.value).toBe("it hangs");
  fireEvent.input(input, { target: { value: " it is moved " } });
  fireEvent.submit(input.form as HTMLFormElement);
  expect(proposal.value).toMatchObject({
    title: "Suspend service staff",
    change: {
      edits: [{ op: "set", path: [...PATH, "suspended"], value: "it is moved" }],
    },
  });
});

it("closes with Escape, and wants a reason", () => {
  render(<Suspend what="service staff" path={PATH} suspended={null} />);
  fireEvent.click(screen.getByText("Suspend …"));
  expect((screen.getByText("Suspend …") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.keyDown(screen.getByLabelText(/^Why/), { key: "Escape" });
  expect(screen.queryByLabelText(/^Why/)).toBeNull();
});

it("resumes what is suspended", () => {
  render(<Suspend what="service staff" path={PATH} suspended="moved" />);
  fireEvent.click(screen.getByText("Resume …"));
  expect(proposal.value?.change.edits).toEqual([{ op: "remove", path: [...PATH, "suspended"] }]);
});

it("does nothing for those who may only look, and says why", () => {
  as("viewer");
  render(<Suspend what="service staff" path={PATH} suspended={null} />);
  const button = screen.getByText("Suspend …") as HTMLButtonElement;
  expect(button.disabled).toBe(true);
  expect(button.title).toBe("Operators may change the configuration");
});

it("has reasons of one line, as the configuration wants them", () => {
  expect(reasonText(" it is\n\tmoved ")).toBe("it is moved");
  expect(reasonText(" \n ")).toBeNull();
  expect(reasonText("x".repeat(300))).toHaveLength(200);
});

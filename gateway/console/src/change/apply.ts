/** Calls that change the configuration, and the toast that offers to undo the last one. */
import { post, Refused } from "../api/client";
import type { Applied, Change, Preview } from "../api/types";
import { toast } from "../ui/toast";
import { propose } from "./propose";

export function preview(change: Change): Promise<Preview> {
  return post<Preview>("/api/v1/changes/preview", change);
}

export async function apply(change: Change, verb?: string): Promise<Applied> {
  const applied = await post<Applied>("/api/v1/changes", change);
  announce(applied, verb);
  return applied;
}

/** Why an attempt failed, as far as the dialog goes on differently. */
export type Failure = "read-only" | "somebody else" | "other";

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Refused) || error.status !== 409) return "other";
  return error.patch !== null ? "read-only" : "somebody else";
}

/** Says what was applied, and offers the way back. */
export function announce(applied: Applied, verb = "Applied"): void {
  const { generation, held, warnings } = applied;
  const place = held ? ", held in the gateway only" : "";
  const where = `${verb} as generation ${generation}${place}`;
  const words = warnings.length > 0 ? `${where}, with warnings` : where;
  toast(warnings.length > 0 ? "warn" : "good", words, {
    label: "Undo",
    run: () => void undo(applied),
  });
}

/** At once, unless somebody else has changed something since: then the reader sees what it would do. */
async function undo({ generation, before, held }: Applied): Promise<void> {
  const change = { back_to: before, ...(held && { hold: true }) };
  const reason = `undo of generation ${generation}`;
  try {
    await apply({ ...change, reason, base: generation }, "Undone");
  } catch (error) {
    if (failureOf(error) === "other") toast("bad", `Not undone: ${(error as Error).message}`);
    else propose({ title: `Undo generation ${generation}`, change, reason });
  }
}

/** Calls that change the configuration, and the toast that offers to undo the last one. */
import { post, Refused } from "../api/client";
import type { Applied, Change, Preview } from "../api/types";
import { toast } from "../ui/toast";
import { propose } from "./propose";

export function preview(change: Change): Promise<Preview> {
  return post<Preview>("/api/v1/changes/preview", change);
}

/** `what` was done, in the words of the title that it was proposed under. */
export async function apply(change: Change, what: string, verb?: string): Promise<Applied> {
  const applied = await post<Applied>("/api/v1/changes", change);
  announce(applied, what, verb);
  return applied;
}

/** Why an attempt failed, as far as the dialog goes on differently. */
export type Failure = "read-only" | "somebody else" | "other";

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Refused) || error.status !== 409) return "other";
  return error.patch !== null ? "read-only" : "somebody else";
}

/** Says what was applied, and offers the way back. */
export function announce(applied: Applied, what: string, verb = "Applied"): void {
  const { generation, held, warnings } = applied;
  const place = held ? ", held in the gateway only" : "";
  const flaw = warnings.length > 0 ? ", with warnings" : "";
  const words = `${verb} as generation ${generation}${place}${flaw}: ${what}`;
  toast(flaw ? "warn" : "good", words, { label: "Undo", run: () => void undo(applied, what) });
}

/** At once, unless that is not possible any more: then the reader sees what it would do. */
async function undo({ generation, before, held }: Applied, what: string): Promise<void> {
  const change = { back_to: before, ...(held && { hold: true }) };
  const reason = undoReason(generation);
  try {
    await apply({ ...change, reason, base: generation }, what, "Undone");
  } catch (error) {
    const failure = failureOf(error);
    if (failure === "other") toast("bad", `Not undone: ${(error as Error).message}`);
    else if (failure === "read-only") proposeUndo(generation, change);
    else
      propose({
        title: `Go back to generation ${before}: this takes back everything since, not only generation ${generation}`,
        change,
        reason: `back to generation ${before}`,
      });
  }
}

/** As long as `generation` is the one that runs. */
export function proposeUndo(generation: number, change: { back_to: number; hold?: boolean }): void {
  propose({ title: `Undo generation ${generation}`, change, reason: undoReason(generation) });
}

function undoReason(generation: number): string {
  return `undo of generation ${generation}`;
}

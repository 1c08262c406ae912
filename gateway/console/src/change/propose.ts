/**
 * How every page changes the configuration: it proposes a change, the dialog shows the YAML
 * difference it makes, asks for a reason, applies it, and offers to undo it.
 */
import { signal } from "@preact/signals";

import type { Change } from "../api/types";

export interface Proposal {
  /** `Suspend service staff` */
  title: string;
  /** Without a reason; `reason` is proposed to the reader. */
  change: Omit<Change, "reason">;
  reason: string;
  /** Called when it is applied. */
  done?: () => void;
}

/** What the dialog shows; `null` closes it. */
export const proposal = signal<Proposal | null>(null);

export function propose(what: Proposal): void {
  proposal.value = what;
}

/** What the gateway says of the texts, a moment after the last key. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import type { Diagnostic } from "../../api/types";
import { preview } from "../../change/apply";
import { changed, changedTexts } from "./drafts";

const PAUSE_MS = 350;

export type Checked =
  | { state: "unchanged" | "checking" }
  | { state: "checked"; valid: boolean; diagnostics: Diagnostic[] }
  | { state: "failed"; error: unknown };

export const checked = signal<Checked>({ state: "unchanged" });

/** Checks while the page is open. */
export function useChecks(): void {
  const texts = changed.value;
  useEffect(() => {
    if (texts.length === 0) {
      checked.value = { state: "unchanged" };
      return;
    }
    let stopped = false;
    const timer = window.setTimeout(() => {
      if (checked.value.state === "unchanged") checked.value = { state: "checking" };
      preview({ texts: changedTexts(), reason: "" }).then(
        ({ valid, diagnostics }) =>
          stopped || (checked.value = { state: "checked", valid, diagnostics }),
        (error: unknown) => stopped || (checked.value = { state: "failed", error }),
      );
    }, PAUSE_MS);
    return () => {
      stopped = true;
      window.clearTimeout(timer);
    };
  }, [texts]);
}

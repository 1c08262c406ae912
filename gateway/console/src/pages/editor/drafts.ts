/** Texts that are being written. They outlive the page, so that nobody loses one by a click. */
import { computed, signal } from "@preact/signals";

import type { GenerationTexts } from "../../api/types";
import { rebase, settled, type Drafts } from "./rebase";

export const drafts = signal<Drafts | null>(null);

export const changed = computed(
  () => drafts.value?.texts.filter(({ before, now }) => before !== now) ?? [],
);

export const isSettled = computed(
  () => drafts.value?.texts.every(({ theirs }) => theirs === undefined) ?? false,
);

/** Takes up what runs. */
export function follow(running: GenerationTexts): void {
  drafts.value = rebase(drafts.value ?? { base: running.generation, texts: [] }, running);
}

export function write(source: string, now: string): void {
  const own = drafts.value;
  if (!own) return;
  const texts = own.texts.map(text => (text.source === source ? { ...text, now } : text));
  drafts.value = { ...own, texts };
}

export function settle(source: string, whose: "mine" | "theirs"): void {
  const own = drafts.value;
  if (!own) return;
  const texts = own.texts.map(text => (text.source === source ? settled(text, whose) : text));
  drafts.value = { ...own, texts };
}

/** What is sent of them: what differs. */
export function changedTexts(): { source: string; text: string }[] {
  return changed.value.map(({ source, now }) => ({ source, text: now }));
}

// Leaving the console for good is the only way to lose them.
window.addEventListener("beforeunload", event => {
  if (changed.value.length > 0) event.preventDefault();
});

/** Texts that are being written. They outlive the page, so that nobody loses one by a click. */
import { computed, signal } from "@preact/signals";

import type { GenerationTexts } from "../../api/types";

export interface Drafts {
  /** The generation whose texts were taken up. */
  base: number;
  texts: { source: string; before: string; now: string }[];
}

export const drafts = signal<Drafts | null>(null);

export const changed = computed(
  () => drafts.value?.texts.filter(({ before, now }) => before !== now) ?? [],
);

/** Takes up what runs. */
export function begin({ generation, texts }: GenerationTexts): void {
  drafts.value = {
    base: generation,
    texts: texts.map(({ source, text }) => ({ source, before: text, now: text })),
  };
}

export function write(source: string, now: string): void {
  const own = drafts.value;
  if (!own) return;
  const texts = own.texts.map(text => (text.source === source ? { ...text, now } : text));
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

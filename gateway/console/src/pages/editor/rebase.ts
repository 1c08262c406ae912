/** What becomes of texts that are being written when another generation runs by now. */

export interface Draft {
  source: string;
  /** What ran when it was taken up. */
  before: string;
  now: string;
  /** What runs there by now, if both have changed it. */
  theirs?: string;
}

export interface Drafts {
  /** The generation that all this is compared with. */
  base: number;
  texts: Draft[];
}

interface Running {
  generation: number;
  texts: { source: string; text: string }[];
}

/** Files that nobody writes here follow what runs; those that only are written here stay. */
export function rebase({ texts }: Drafts, running: Running): Drafts {
  const known = running.texts.map(({ source, text }): Draft => {
    const own = texts.find(draft => draft.source === source);
    if (!own || own.now === own.before || own.now === text)
      return { source, before: text, now: text };
    const draft = { source, before: own.before, now: own.now };
    return text === own.before ? draft : { ...draft, theirs: text };
  });
  return { base: running.generation, texts: known };
}

/** Ends a conflict: with what runs, or with what was written here in its place. */
export function settled(draft: Draft, whose: "mine" | "theirs"): Draft {
  const { source, now, theirs } = draft;
  if (theirs === undefined) return draft;
  return { source, before: theirs, now: whose === "mine" ? now : theirs };
}

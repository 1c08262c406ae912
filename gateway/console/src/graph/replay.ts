/** Looking at the last minutes: where the replay stands, and how it goes on. */

export const SPEEDS = [1, 5, 20] as const;

/** How often a replay that plays is drawn; each asks the gateway once. */
export const STEP_MS = 500;

/** Where a replay is after one step; null: it has caught up, and it is now again. */
export function advance(at: number, speed: number, now: number): number | null {
  const next = at + (speed * STEP_MS) / 1000;
  return next >= now ? null : next;
}

/** Less is hardly the past, and a key on the slider moves it by one second only. */
const FIRST_STEP = 5;

/**
 * Where the slider was moved to: `next` of whole seconds up to `end`, from `at`; null is now. The
 * first step out of now is a longer one, and the last one into it is too.
 */
export function moved(at: number | null, next: number, end: number): number | null {
  if (at === null) return next >= end ? null : Math.min(next, end - FIRST_STEP);
  return next >= end - 1 ? null : next;
}

/** A moment that the gateway still remembers. */
export function within(at: number, since: number, now: number): number {
  return Math.min(now, Math.max(since, at));
}

/** `2 min 5 s ago`: the second counts, unlike in `ago`. */
export function back(at: number, now: number): string {
  const seconds = Math.max(0, Math.round(now - at));
  const minutes = Math.floor(seconds / 60);
  const rest = `${seconds % 60} s ago`;
  return minutes > 0 ? `${minutes} min ${rest}` : rest;
}

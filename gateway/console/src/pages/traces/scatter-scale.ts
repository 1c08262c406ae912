/** Where the points of the scatter stand: time to the right, duration up, by powers of ten. */

export interface Scale {
  /** 0 to 1. */
  place: (value: number) => number;
  ticks: number[];
}

/** Powers of ten around all values, so that microseconds and seconds are both told apart. */
export function durations(values: number[]): Scale {
  const known = values.filter(Number.isFinite).map(value => Math.max(1, value));
  const least = Math.floor(Math.log10(known.length ? Math.min(...known) : 100));
  const most = Math.max(
    least + 1,
    Math.ceil(Math.log10(known.length ? Math.max(...known) : 100_000)),
  );
  const ticks = Array.from({ length: most - least + 1 }, (_, at) => 10 ** (least + at));
  const place = (value: number) => (Math.log10(Math.max(1, value)) - least) / (most - least);
  return { place, ticks };
}

/** `100 ms`; only for powers of ten. */
export function powerOfTen(us: number): string {
  if (us < 1e3) return `${us} µs`;
  return us < 1e6 ? `${us / 1e3} ms` : `${us / 1e6} s`;
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600].map(
  seconds => seconds * 1000,
);
const TICKS = 6;

const DAY_MS = 86_400_000;

/** From `from` to `to`, with a few ticks at round times; without any if there is no time to show. */
export function times(from: number, to: number): Scale {
  // The least and the greatest of no moments are not finite.
  if (!Number.isFinite(from) || !Number.isFinite(to)) return { place: () => 0, ticks: [] };
  const length = Math.max(1000, to - from);
  const step =
    STEPS_MS.find(step => length / step <= TICKS) ?? DAY_MS * Math.ceil(length / DAY_MS / TICKS);
  const first = Math.ceil(from / step);
  const last = Math.floor((from + length) / step);
  const ticks = Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, at) => (first + at) * step,
  );
  return { place: at => (at - from) / length, ticks };
}

export interface Point {
  x: number;
  y: number;
}

/** Which of the points is nearest to a place, if one is within `reach`. */
export function nearest<P extends Point>(points: P[], x: number, y: number, reach: number) {
  let best: P | null = null;
  let least = reach;
  for (const point of points) {
    const distance = Math.hypot(point.x - x, point.y - y);
    if (distance <= least) [best, least] = [point, distance];
  }
  return best;
}

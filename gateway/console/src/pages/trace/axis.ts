/** The part of the trace that is shown, and the numbers on its axis. */
import { microseconds } from "../../ui/format";

export interface Range {
  from_us: number;
  to_us: number;
}

/** Closer than this shows nothing more: clocks count microseconds. */
const CLOSEST_US = 20;

export function clamp(range: Range, whole: Range): Range {
  const most = Math.max(CLOSEST_US, whole.to_us - whole.from_us);
  const length = Math.min(most, Math.max(CLOSEST_US, range.to_us - range.from_us));
  const from_us = Math.max(whole.from_us, Math.min(range.from_us, whole.from_us + most - length));
  return { from_us, to_us: from_us + length };
}

/** Nearer (`factor` below 1) or farther, around a moment that stays where it is. */
export function zoom(range: Range, whole: Range, factor: number, around?: number): Range {
  const middle = around ?? (range.from_us + range.to_us) / 2;
  const anchor = Math.min(range.to_us, Math.max(range.from_us, middle));
  return clamp(
    {
      from_us: anchor - (anchor - range.from_us) * factor,
      to_us: anchor + (range.to_us - anchor) * factor,
    },
    whole,
  );
}

/** A stretch with some room around it. */
export function around(at_us: number, took_us: number, whole: Range): Range {
  const room = Math.max(CLOSEST_US / 4, took_us * 0.08);
  return clamp({ from_us: at_us - room, to_us: at_us + took_us + room }, whole);
}

/** In percent of what is shown; `null` if nothing of it is. */
export function place(from_us: number, to_us: number, range: Range) {
  const length = range.to_us - range.from_us;
  const left = Math.max(0, (from_us - range.from_us) / length);
  const right = Math.min(1, (to_us - range.from_us) / length);
  if (right < 0 || left > 1 || right < left) return null;
  return { left: left * 100, width: (right - left) * 100 };
}

export interface Tick {
  at_us: number;
  label: string;
}

/** Round moments; far from the beginning they count from the left edge. */
export function ticks(range: Range, most = 6): Tick[] {
  const length = range.to_us - range.from_us;
  const isFar = range.from_us > length * 5;
  const step = round(length / most);
  const first = isFar ? range.from_us : Math.ceil(range.from_us / step) * step;
  const found: Tick[] = [];
  for (let at_us = first; at_us <= range.to_us; at_us += step) {
    const since = isFar ? `+${number(at_us - first)}` : number(at_us);
    found.push({ at_us, label: isFar && at_us === first ? exactly(at_us) : since });
  }
  return found;
}

function number(us: number): string {
  return us === 0 ? "0" : microseconds(us);
}

function exactly(us: number): string {
  return us < 1_000_000 ? `${(us / 1000).toFixed(2)} ms` : `${(us / 1_000_000).toFixed(4)} s`;
}

/** 1, 2 or 5 of a power of ten. */
function round(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const factor = [1, 2, 5, 10].find(factor => factor * power >= least) ?? 10;
  return Math.max(1, factor * power);
}

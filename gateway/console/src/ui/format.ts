/** Numbers as people read them. `null` is `–`. */

const NONE = "–";

export function rate(perSecond: number | null): string {
  if (perSecond === null) return NONE;
  if (perSecond === 0) return "0/s";
  if (perSecond < 0.1) return `${trim(perSecond * 60, 1)}/min`;
  if (perSecond < 10) return `${trim(perSecond, 1)}/s`;
  if (perSecond < 10_000) return `${Math.round(perSecond)}/s`;
  return `${trim(perSecond / 1000, 1)}k/s`;
}

export function share(part: number | null): string {
  if (part === null) return NONE;
  if (part === 0) return "0 %";
  const percent = part * 100;
  if (percent < 0.1) return "< 0.1 %";
  return `${trim(percent, percent < 10 ? 1 : 0)} %`;
}

export function milliseconds(ms: number | null): string {
  return ms === null ? NONE : microseconds(ms * 1000);
}

export function microseconds(us: number | null): string {
  if (us === null) return NONE;
  if (us < 1) return `${Math.round(us * 1000)} ns`;
  if (us < 1000) return `${trim(us, us < 10 ? 1 : 0)} µs`;
  if (us < 1_000_000) return `${trim(us / 1000, us < 10_000 ? 1 : 0)} ms`;
  if (us < 60_000_000) return `${trim(us / 1_000_000, us < 10_000_000 ? 2 : 1)} s`;
  return `${Math.floor(us / 60_000_000)} min ${Math.round((us % 60_000_000) / 1_000_000)} s`;
}

export function bytes(count: number | null): string {
  if (count === null) return NONE;
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  let value = count;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${trim(value, value < 10 && at > 0 ? 1 : 0)} ${units[at]}`;
}

export function count(number: number): string {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}

/** `12:03:04`, in the reader's time zone. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** `3 s ago`, `2 min ago`. */
export function ago(ms: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(ms).toLocaleDateString();
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, "");
}

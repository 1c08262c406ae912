/** Two small lines: requests and p99 over the last minutes. */
import type { History } from "../api/types";
import { milliseconds, rate } from "../ui/format";

const WIDTH = 100;
const HEIGHT = 26;

export function Spark({ history }: { history: History }) {
  const { points } = history;
  const rates = points.map(point => point.requests_per_second);
  const slow = points.map(point => point.p99_ms);
  return (
    <div class="spark">
      <Line title="Rate" values={rates} most={rate(Math.max(...rates))} />
      <Line
        title="p99"
        values={slow}
        most={milliseconds(slow.some(value => value !== null) ? highest(slow) : null)}
      />
    </div>
  );
}

function Line(props: { title: string; values: (number | null)[]; most: string }) {
  return (
    <figure>
      <figcaption>
        {props.title} <span>up to {props.most} in 10 min</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={outline(props.values)} />
      </svg>
    </figure>
  );
}

/** A line with gaps where there is no value. */
export function outline(values: (number | null)[]): string {
  const most = highest(values) || 1;
  let isOn = false;
  return values
    .map((value, at) => {
      if (value === null) return (isOn = false) || "";
      const x = ((at / Math.max(1, values.length - 1)) * WIDTH).toFixed(1);
      const y = (HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1);
      const step = `${isOn ? "L" : "M"}${x} ${y}`;
      isOn = true;
      return step;
    })
    .join("");
}

function highest(values: (number | null)[]): number {
  return Math.max(0, ...values.map(value => value ?? 0));
}

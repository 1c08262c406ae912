/** The part of a chart that draws. It is loaded when the first chart is shown. */
import uPlot from "uplot";

import type { ChartProps } from "./chart";

/** Room for `12.5k/s` and the like. */
const AXIS_WIDTH = 58;
const AXIS_HEIGHT = 24;
const MOST_POWERS = 4;
/** An axis from zero to zero cannot be drawn. */
const NEARLY_NOTHING = 1e-9;

/** Draws into `place`; colours are asked for at each drawing, so a change of theme needs no new plot. */
export function draw(
  place: HTMLElement,
  props: () => ChartProps,
  over: (index: number | null) => void,
): uPlot {
  const { times, lines, height = 120, bare = false, log = false } = props();
  const options: uPlot.Options = {
    width: place.clientWidth,
    height,
    padding: bare ? [2, 0, 2, 0] : [6, 18, 0, 0],
    legend: { show: false },
    cursor: { show: !bare, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: log ? { distr: 3, range: around } : { range: fromZero } },
    series: [{}, ...lines.map(line => series(line))],
    axes: bare ? [{ show: false }, { show: false }] : axes(props),
    hooks: { setCursor: [plot => over(plot.cursor.idx ?? null)] },
  };
  function fromZero(_: uPlot, __: number, most: number): uPlot.Range.MinMax {
    return [0, Math.max(most * 1.1, props().least ?? 0, NEARLY_NOTHING)];
  }
  return new uPlot(options, [times, ...lines.map(({ values }) => values)], place);
}

/** Somewhat more than there is; without anything, one to ten. */
function around(_: uPlot, least: number | null, most: number | null): uPlot.Range.MinMax {
  return least && most ? [least / 1.5, most * 1.5] : [1, 10];
}

/** At each power of ten, or each second or third of them. */
function powers(_: uPlot, __: number, least: number, most: number): number[] {
  const [low, high] = [Math.ceil(Math.log10(least)), Math.floor(Math.log10(most))];
  const step = Math.max(1, Math.ceil((high - low + 1) / MOST_POWERS));
  const all = Array.from({ length: Math.max(0, high - low + 1) }, (_, at) => 10 ** (low + at));
  return all.filter((_, at) => at % step === 0);
}

function series({ name, colour, dashed, filled }: ChartProps["lines"][number]): uPlot.Series {
  return {
    label: name,
    stroke: () => token(`--${colour}`),
    width: 1.5,
    points: { show: false },
    ...(dashed && { dash: [5, 4] }),
    ...(filled && { fill: () => token(`--${colour}-soft`) }),
  };
}

function axes(props: () => ChartProps): uPlot.Axis[] {
  const looks: uPlot.Axis = {
    stroke: () => token("--faint"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: () => token("--line"), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...looks, size: AXIS_HEIGHT, space: 70, grid: { show: false }, values: minutes },
    {
      ...looks,
      size: AXIS_WIDTH,
      space: 32,
      ...(props().log && { splits: powers, filter: (_: uPlot, splits: number[]) => splits }),
      values: (_, splits) => splits.map(value => props().format(value)),
    },
  ];
}

function minutes(_: uPlot, splits: number[]): string[] {
  const is = { hour: "2-digit", minute: "2-digit", hour12: false } as const;
  return splits.map(second => new Date(second * 1000).toLocaleTimeString([], is));
}

function token(name: string): string {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(name).trim() || style.getPropertyValue("--sunken").trim();
}

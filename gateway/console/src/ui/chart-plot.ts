/** The part of a chart that draws. It is loaded when the first chart is shown. */
import uPlot from "uplot";

import type { ChartProps } from "./chart";

/** Room for `12.5k/s` and the like. */
const AXIS_WIDTH = 58;
const AXIS_HEIGHT = 24;

/** Draws into `place`; colours are asked for at each drawing, so a change of theme needs no new plot. */
export function draw(
  place: HTMLElement,
  props: () => ChartProps,
  over: (index: number | null) => void,
): uPlot {
  const { times, lines, height = 120, bare = false } = props();
  const options: uPlot.Options = {
    width: place.clientWidth,
    height,
    padding: bare ? [2, 0, 2, 0] : [6, 4, 0, 0],
    legend: { show: false },
    cursor: { show: !bare, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, props().least ?? 0, 1e-9)] } },
    series: [{}, ...lines.map(line => series(line))],
    axes: bare ? [{ show: false }, { show: false }] : axes(props),
    hooks: { setCursor: [plot => over(plot.cursor.idx ?? null)] },
  };
  return new uPlot(options, [times, ...lines.map(({ values }) => values)], place);
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

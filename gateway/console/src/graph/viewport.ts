/** Which part of the drawing is seen. */
import type { Layout } from "./layout";

export interface View {
  zoom: number;
  pan: { x: number; y: number };
}

export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** Bigger than life is of no use. */
const MOST_ZOOM = 1.2;
const MARGIN = 16;
/** For what is laid over the bottom: buttons. */
const FOOT = 34;
/** Half of the widest node. */
const HALF_WIDTH = 90;
/** Half of the highest, with the line of small print. */
const BELOW = 40;
/** Above the first row is the column's title. */
export const TITLE_ROOM = 64;

export function boxOf({ places }: Layout, ids: string[]): Box | null {
  const seen = ids.flatMap(id => places.get(id) ?? []);
  if (seen.length === 0) return null;
  const xs = seen.map(place => place.x);
  const ys = seen.map(place => place.y);
  return {
    x1: Math.min(...xs) - HALF_WIDTH,
    x2: Math.max(...xs) + HALF_WIDTH,
    y1: Math.min(...ys) - TITLE_ROOM,
    y2: Math.max(...ys) + BELOW,
  };
}

export function fitting(box: Box, size: { width: number; height: number }): View {
  const [width, height] = [box.x2 - box.x1, box.y2 - box.y1];
  const scale = Math.min(
    (size.width - 2 * MARGIN) / Math.max(width, 1),
    (size.height - 2 * MARGIN - FOOT) / Math.max(height, 1),
  );
  const zoom = Math.max(0.05, Math.min(MOST_ZOOM, scale));
  return {
    zoom,
    pan: {
      x: (size.width - width * zoom) / 2 - box.x1 * zoom,
      y: (size.height - FOOT - height * zoom) / 2 - box.y1 * zoom,
    },
  };
}

/** Whether a part of the box is out of what is seen. */
export function clipped(box: Box | null, seen: Box): boolean {
  if (!box) return false;
  return box.x1 < seen.x1 || box.x2 > seen.x2 || box.y1 < seen.y1 || box.y2 > seen.y2;
}

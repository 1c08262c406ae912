/** Draws a part of the page anew as time goes by, for words such as `3 s ago`. */
import { useEffect, useState } from "preact/hooks";

export function useNow(every = 1_000): number {
  const [now, tick] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || tick(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}

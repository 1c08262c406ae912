/** Reads something from the gateway while a page is open. */
import { useEffect, useRef, useState } from "preact/hooks";

import { configurations } from "../api/stream";

export interface Loaded<T> {
  /** The last answer; stays while a newer one is on its way or was refused. */
  data: T | null;
  error: unknown;
  again: () => void;
}

/**
 * Calls `read` when `key` changes, when a configuration was applied, and every `every` ms while the
 * page is visible.
 */
export function useLoad<T>(key: string, read: () => Promise<T>, every?: number): Loaded<T> {
  const [state, keep] = useState<{ key: string; data: T | null; error: unknown }>({
    key,
    data: null,
    error: null,
  });
  const [turn, again] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const generation = configurations.value;
  useEffect(() => {
    let stopped = false;
    const load = () =>
      latest.current().then(
        data => stopped || keep({ key, data, error: null }),
        error =>
          stopped ||
          keep(before => ({ key, data: before.key === key ? before.data : null, error })),
      );
    void load();
    const timer = every && window.setInterval(() => document.hidden || void load(), every);
    return () => {
      stopped = true;
      if (timer) window.clearInterval(timer);
    };
  }, [key, turn, generation, every]);
  const isSame = state.key === key;
  return {
    data: isSame ? state.data : null,
    error: isSame ? state.error : null,
    again: () => again(turn + 1),
  };
}

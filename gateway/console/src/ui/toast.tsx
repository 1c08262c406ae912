/** Short messages that come and go, such as "applied as generation 7 · Undo". */
import { signal } from "@preact/signals";

import { Button, HealthMark, type Health } from "./parts";

export interface Toast {
  id: number;
  health: Health;
  words: string;
  action?: { label: string; run: () => void };
}

/** Long enough to reach for the mouse; one with an action stays longer. */
const STAY_MS = 6_000;
const STAY_WITH_ACTION_MS = 30_000;
const MOST = 4;

const toasts = signal<Toast[]>([]);
let next = 1;

export function toast(health: Health, words: string, action?: Toast["action"]): void {
  const id = next++;
  toasts.value = [
    ...toasts.value.slice(1 - MOST),
    { id, health, words, ...(action && { action }) },
  ];
  window.setTimeout(() => dismiss(id), action ? STAY_WITH_ACTION_MS : STAY_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter(toast => toast.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, health, words, action }) => (
        <div class="toast" key={id}>
          <HealthMark health={health} />
          <span>{words}</span>
          {action && (
            <Button
              onClick={() => {
                dismiss(id);
                action.run();
              }}>
              {action.label}
            </Button>
          )}
          <Button look="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}

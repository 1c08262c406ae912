/** Listens for the keys of every page, and lists them. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { isTaken, PLACES, press } from "../keys";
import { go } from "../location";
import { Dialog } from "../ui/parts";

export const showKeys = signal(false);

export function Keys() {
  useEffect(() => {
    let since: number | null = null;
    const onKey = (event: KeyboardEvent) => {
      if (isTaken(event)) return;
      const pressed = press(since, event.key, Date.now());
      since = pressed.since;
      const { act } = pressed;
      if (act === null) return;
      event.preventDefault();
      if (act === "keys") showKeys.value = true;
      else if (act === "search") search();
      else go(act.go);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  if (!showKeys.value) return null;
  return (
    <Dialog title="Keys" close={() => (showKeys.value = false)}>
      <table class="keys">
        <thead class="unseen">
          <tr>
            <th>Key</th>
            <th>What it does</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(PLACES).map(([key, { label }]) => (
            <tr key={key}>
              <td>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </td>
              <td>{label}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>/</kbd>
            </td>
            <td>Search on this page, or among the requests</td>
          </tr>
          <tr>
            <td>
              <kbd>?</kbd>
            </td>
            <td>This list</td>
          </tr>
          <tr>
            <td>
              <kbd>Esc</kbd>
            </td>
            <td>Closes a dialog</td>
          </tr>
        </tbody>
      </table>
    </Dialog>
  );
}

/** The page's own search box; requests can be searched from everywhere. */
function search(): void {
  const box = document.querySelector<HTMLElement>("#main input[type=search], #main [data-search]");
  if (box) box.focus();
  else go("#/traces");
}

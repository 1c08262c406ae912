/** Takes something out of use, with a reason that is asked for in place, and puts it back. */
import { useEffect, useRef, useState } from "preact/hooks";

import { mayChange } from "../api/session";
import type { Path } from "../api/types";
import { Button } from "../ui/parts";
import { propose } from "./propose";
import { reasonText, suspendEdits } from "./suspension";
import "./suspend.css";

interface Props {
  /** `service staff` */
  what: string;
  path: Path;
  /** The reason, if it is suspended. */
  suspended: string | null;
  /** What is wrong with it, which may be the reason. */
  trouble?: string | null;
  /** One of many in a table. */
  quiet?: boolean;
}

export function Suspend({ what, path, suspended, trouble, quiet }: Props) {
  const [isAsking, ask] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const stop = () => {
    ask(false);
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (suspended !== null) return <Resume what={what} path={path} />;
  if (isAsking) return <Ask what={what} path={path} trouble={trouble ?? null} stop={stop} />;
  return (
    <button
      type="button"
      class={`button ${quiet ? "quiet" : "danger"}`}
      ref={opener}
      aria-label={`Suspend ${what}`}
      {...onlyOperators()}
      onClick={() => ask(true)}>
      Suspend …
    </button>
  );
}

/** Of a button that changes something: who may not sees why it does nothing. */
export function onlyOperators(): { disabled?: boolean; title?: string } {
  return mayChange.value ? {} : { disabled: true, title: "Operators may change the configuration" };
}

function Resume({ what, path }: Pick<Props, "what" | "path">) {
  const resume = () =>
    propose({
      title: `Resume ${what}`,
      change: { edits: suspendEdits(path, null) },
      reason: `${what} is well again`,
    });
  return (
    <Button look="primary" onClick={resume} aria-label={`Resume ${what}`} {...onlyOperators()}>
      Resume …
    </Button>
  );
}

type AskProps = { what: string; path: Path; trouble: string | null; stop: () => void };

function Ask({ what, path, trouble, stop }: AskProps) {
  const [typed, type] = useState(trouble ?? "");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const reason = reasonText(typed);
  const suspend = () => {
    if (reason === null) return;
    const change = { edits: suspendEdits(path, reason) };
    propose({ title: `Suspend ${what}`, change, reason, done: stop });
  };
  return (
    <form
      class="suspend"
      onSubmit={event => {
        event.preventDefault();
        suspend();
      }}
      onKeyDown={event => event.key === "Escape" && stop()}>
      <label>
        Why? Whoever is turned away reads it in the 503.
        <input
          ref={input}
          type="text"
          value={typed}
          maxLength={200}
          autocomplete="off"
          placeholder="its database is being moved"
          onInput={event => type(event.currentTarget.value)}
        />
      </label>
      <div class="tools">
        <Button type="submit" look="danger" disabled={reason === null}>
          Suspend …
        </Button>
        <Button onClick={stop}>Cancel</Button>
      </div>
    </form>
  );
}

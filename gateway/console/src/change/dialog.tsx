/** Shows what a proposed change would write, asks for a reason, and applies it. */
import { useEffect, useRef, useState } from "preact/hooks";

import { Refused } from "../api/client";
import { mayChange, session } from "../api/session";
import type { Preview } from "../api/types";
import { Diagnostics } from "../ui/diagnostics";
import { Diff } from "../ui/diff-view";
import { plural } from "../ui/format";
import { Button, Copy, Dialog, HealthMark, Loading, Problem } from "../ui/parts";
import { apply, failureOf, preview } from "./apply";
import { HeldTroubles } from "./held-trouble";
import { proposal, type Proposal } from "./propose";
import { Words } from "../ui/words";
import "./dialog.css";

export function ChangeDialog() {
  const now = proposal.value;
  if (!now) return null;
  return (
    <Dialog title={now.title} close={close} wide>
      <Proposed key={now} proposal={now} />
    </Dialog>
  );
}

function close(): void {
  proposal.value = null;
}

function Proposed({ proposal: { title, change, reason, done } }: { proposal: Proposal }) {
  const [why, setWhy] = useState(reason);
  const [seen, setSeen] = useState<Preview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const look = () => preview({ ...change, reason: why }).then(setSeen, setError);
  useEffect(() => void look(), [change]);

  const send = async () => {
    if (!seen) return;
    setBusy(true);
    setError(null);
    try {
      const hold = change.hold || !seen.writable;
      await apply({ ...change, reason: why.trim(), base: seen.base, ...(hold && { hold }) }, title);
      close();
      done?.();
    } catch (refused) {
      setError(refused);
      // What is shown is not what would be written any more.
      if (failureOf(refused) !== "other") await look();
    } finally {
      setBusy(false);
    }
  };

  return (
    <div class="change">
      {error !== null && <Refusal error={error} />}
      {seen ? <Seen preview={seen} /> : error === null && <Loading what="Working out the change" />}
      <HeldTroubles />
      {seen && !mayChange.value && <NotAllowed />}
      {seen && mayChange.value && (
        <Confirm preview={seen} why={why} setWhy={setWhy} busy={busy} send={() => void send()} />
      )}
    </div>
  );
}

function Refusal({ error }: { error: unknown }) {
  const failure = failureOf(error);
  if (failure === "other") return <Invalid error={error} />;
  return (
    <div class="change-note warn" role="alert">
      <p>
        <HealthMark health="warn" />{" "}
        {failure === "read-only"
          ? "The source cannot be written any more"
          : "Somebody has changed the configuration in between"}{" "}
        (<Words text={(error as Error).message} />
        ). Nothing was applied. Below is the difference to what runs now.
      </p>
    </div>
  );
}

/** What the gateway found at applying it only is shown as what the preview finds. */
function Invalid({ error }: { error: unknown }) {
  const found = error instanceof Refused ? error.diagnostics : [];
  if (found.length === 0) return <Problem error={error} />;
  return (
    <div role="alert">
      <p>
        <HealthMark health="bad" /> It was refused; nothing was applied.
      </p>
      <Diagnostics list={found} />
    </div>
  );
}

function Seen({ preview }: { preview: Preview }) {
  const { files, diagnostics, writable, why_not, can_be_held } = preview;
  const diff = files.map(file => file.diff).join("");
  if (files.length === 0 && diagnostics.length === 0)
    return <p>This changes nothing: the configuration says so already.</p>;
  return (
    <>
      {files.length > 0 && <Diff text={diff} />}
      <Diagnostics list={diagnostics} />
      {files.length === 0 ? null : writable ? (
        <p class="lead">
          Writes <Names of={files} /> and is live at once.
        </p>
      ) : (
        <ReadOnly why={why_not} diff={diff} canBeHeld={can_be_held} />
      )}
    </>
  );
}

function Names({ of }: { of: Preview["files"] }) {
  const [only] = of;
  if (of.length === 1 && only) return <code>{only.source}</code>;
  return <>{plural(of.length, "file")}</>;
}

function ReadOnly(props: { why: string | null; diff: string; canBeHeld: boolean }) {
  const { why, diff, canBeHeld } = props;
  return (
    <div class="change-note">
      <p>
        <HealthMark health="warn" /> The gateway cannot write the configuration's source
        {why && (
          <>
            : <Words text={why.replace(/\.$/, "")} />
          </>
        )}
        . Make the change there too, so that it stays; the patch is made for what runs.{" "}
        <Copy text={diff} label="Copy the patch" />
      </p>
      <p class="lead">
        {canBeHeld
          ? "Until then the gateway can hold it: the change works at once and across reloads, until the gateway restarts or the source says the same."
          : "A whole text cannot be held by the gateway meanwhile; a change of a field can."}
      </p>
    </div>
  );
}

function NotAllowed() {
  const now = session.value;
  return (
    <div class="change-note">
      <p>
        {now?.role === "viewer" ? "You may look at this, not apply it." : "You are not signed in."}{" "}
        <Words text={now?.hint ?? ""} />{" "}
        <a href="#/sign-in" onClick={close}>
          Sign in
        </a>{" "}
        as an operator to apply it.
      </p>
    </div>
  );
}

function Confirm(props: {
  preview: Preview;
  why: string;
  setWhy: (why: string) => void;
  busy: boolean;
  send: () => void;
}) {
  const { preview: seen, why, setWhy, busy, send } = props;
  const input = useRef<HTMLInputElement>(null);
  // Enter applies, without a way to the button.
  useEffect(() => input.current?.select(), []);
  const isPossible = seen.writable || seen.can_be_held;
  const canSend = seen.valid && seen.files.length > 0 && isPossible && !busy;
  const label = seen.writable ? "Apply" : "Apply now and hold it in the gateway";
  return (
    <form
      class="change-confirm"
      onSubmit={event => {
        event.preventDefault();
        if (canSend) send();
      }}>
      <label for="reason">Reason</label>
      <input
        id="reason"
        type="text"
        value={why}
        maxLength={500}
        placeholder="for the timeline and the audit log"
        autocomplete="off"
        onInput={event => setWhy(event.currentTarget.value)}
        ref={input}
      />
      <div class="tools">
        <Button type="submit" look="primary" disabled={!canSend}>
          {busy ? "Applying …" : label}
        </Button>
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  );
}

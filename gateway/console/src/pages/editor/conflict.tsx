/** Somebody has applied something to a file while its text was being written. */
import { Diff } from "../../ui/diff-view";
import { Button, HealthMark } from "../../ui/parts";
import { unified } from "../../ui/unified";
import { settle } from "./drafts";
import type { Draft } from "./rebase";

export function Conflict({ draft, base }: { draft: Draft; base: number }) {
  const { source, before, theirs } = draft;
  if (theirs === undefined) return null;
  return (
    <div class="change-note warn" role="alert">
      <p>
        <HealthMark health="warn" /> Generation {base} runs by now and has changed{" "}
        <code>{source}</code> too. Applying your text would undo this:
      </p>
      <Diff text={unified(source, before, theirs)} />
      <div class="tools">
        <Button onClick={() => settle(source, "theirs")}>Discard mine and take up what runs</Button>
        <Button onClick={() => settle(source, "mine")}>Keep mine instead of it</Button>
      </div>
    </div>
  );
}

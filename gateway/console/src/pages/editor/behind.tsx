/** Somebody has applied something while a text was being written. */
import { useLoad } from "../../ui/load";
import { Button, HealthMark, Problem } from "../../ui/parts";
import { Diff } from "../../ui/diff-view";
import { differenceOf, readTexts } from "../configuration/read";
import { drafts } from "./drafts";

export function Behind({ base, running }: { base: number; running: number }) {
  const { data, error } = useLoad(`${base} to ${running}`, () =>
    Promise.all([readTexts(base), readTexts(running)]),
  );
  return (
    <div class="change-note warn" role="alert">
      <p>
        <HealthMark health="warn" /> Generation {running} runs by now, and this text was begun from{" "}
        {base}. Applying it would undo what came in between
        {data ? ":" : "."}
      </p>
      {error !== null && <Problem error={error} />}
      {data && <Diff text={differenceOf(data[0], data[1])} />}
      <div class="tools">
        <Button onClick={() => (drafts.value = null)}>Discard mine and take up what runs</Button>
      </div>
    </div>
  );
}

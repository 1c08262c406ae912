/** Changes that only this gateway knows, because its source cannot be written. */
import { mayChange } from "../../api/session";
import type { Configuration, HeldChange } from "../../api/types";
import { HeldTrouble } from "../../change/held-trouble";
import { propose } from "../../change/propose";
import { useLoad } from "../../ui/load";
import { Button, Copy, HealthMark, Panel, Tag } from "../../ui/parts";
import { Words } from "../../ui/words";
import { before, editWords, generationOf, readTexts } from "./read";
import { When } from "./when";

export function Held({ now }: { now: Configuration }) {
  return (
    <Panel title="Held in this gateway only">
      <p>
        <HealthMark health="warn" /> These changes are in no file. They end when the gateway
        restarts, unless they are made in <code>{now.source.path}</code> too.
      </p>
      <ul class="held">
        {now.held.map((one, at) => (
          <li key={one.at}>
            <Change now={now} one={one} isLast={at === now.held.length - 1} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Change(props: { now: Configuration; one: HeldChange; isLast: boolean }) {
  const { now, one, isLast } = props;
  const made = generationOf(now.history, one.at);
  const earlier = made && before(now.history, made.generation);
  return (
    <>
      <p>
        <Words text={one.reason || "without a reason"} /> <Tag>held</Tag>
      </p>
      <p class="lead">
        <When at={one.at} /> · {one.author}
        {made && (
          <>
            {" · "}
            <a href={`#/configuration/${made.generation}`}>generation {made.generation}</a>
          </>
        )}
      </p>
      <ul class="edits">
        {one.edits.map((edit, at) => (
          <li key={at}>
            <code>{editWords(edit)}</code>
          </li>
        ))}
      </ul>
      <HeldTrouble trouble={one.trouble} />
      {mayChange.value && (
        <div class="tools">
          {made && <Patch number={made.generation} />}
          {isLast && earlier && (
            <Button
              onClick={() =>
                propose({
                  title: "Hold this no longer",
                  change: { back_to: earlier.generation, hold: true },
                  reason: `no longer: ${one.reason}`,
                })
              }>
              Undo
            </Button>
          )}
        </div>
      )}
    </>
  );
}

function Patch({ number }: { number: number }) {
  const { data } = useLoad(`generation ${number}`, () => readTexts(number));
  return data?.diff ? <Copy text={data.diff} label="Copy the patch" /> : null;
}

/** What somebody should look at, the worst first, each with what can be done about it. */
import type { Attention, AttentionAction, Overview } from "../api/types";
import { propose } from "../change/propose";
import { Button, HealthMark, Panel, type Health } from "../ui/parts";
import { Words } from "../ui/words";

/** More than these push everything else off the page. */
const MOST = 8;

const LOOKS: Record<Attention["severity"], { health: Health; word: string }> = {
  critical: { health: "bad", word: "Critical" },
  warning: { health: "warn", word: "Warning" },
  notice: { health: "off", word: "Notice" },
};

export function AttentionList({ now: { attention, state } }: { now: Overview }) {
  if (attention.length === 0)
    return (
      <Panel title="What needs attention" class="attention">
        <p>
          <HealthMark health={state === "serving" ? "good" : "idle"} /> Nothing. Everything is in
          order.
        </p>
      </Panel>
    );
  const more = attention.length - MOST;
  return (
    <Panel title="What needs attention" class="attention">
      <ul>
        {attention.slice(0, MOST).map(one => (
          <Item key={one.id} one={one} />
        ))}
      </ul>
      {more > 0 && <p class="lead">And {more} more that weigh less.</p>}
    </Panel>
  );
}

function Item({ one }: { one: Attention }) {
  const { severity, sentence, why, actions } = one;
  const { health, word } = LOOKS[severity];
  return (
    <li>
      <div class="attention-mark">
        <HealthMark health={health} label={word} />
      </div>
      <div class="attention-words">
        <p>
          <Words text={sentence} />
        </p>
        {why && (
          <p class="lead">
            <Words text={why} />
          </p>
        )}
      </div>
      <div class="tools">
        {actions.map(action => (
          <Action key={action.label} action={action} of={one} />
        ))}
      </div>
    </li>
  );
}

function Action({ action, of }: { action: AttentionAction; of: Attention }) {
  const { label, href, edits, reason } = action;
  if (!edits) {
    if (!href) return null;
    return (
      <a href={`#${href}`}>
        <Words text={label} />
      </a>
    );
  }
  const { kind, name } = of.subject;
  const words = plain(label);
  const title = words.includes(name) ? words : `${words}: ${kind} ${name}`;
  const change = () => propose({ title, change: { edits }, reason: reason ?? plain(of.sentence) });
  return (
    <Button onClick={change}>
      <Words text={label} /> …
    </Button>
  );
}

/** Where words cannot have looks. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

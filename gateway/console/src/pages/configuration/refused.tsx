/** The last configuration that was refused: what runs is an older one. */
import type { Rejection } from "../../api/types";
import { Diagnostics } from "../../ui/diagnostics";
import { HealthMark, Panel } from "../../ui/parts";
import { originWords } from "./read";
import { When } from "./when";

export function Refused({ rejection }: { rejection: Rejection }) {
  const { origin, author, at, diagnostics } = rejection;
  return (
    <Panel title="The last change was refused" class="refused">
      <p>
        <HealthMark health="bad" /> What ran before runs on. <When at={at} />,{" "}
        {author ? `by ${author}` : originWords(origin)}.
      </p>
      <Diagnostics list={diagnostics} edits />
    </Panel>
  );
}

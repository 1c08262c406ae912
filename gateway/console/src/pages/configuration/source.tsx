/** Where the configuration is kept, and whether the console can write it. */
import type { Configuration } from "../../api/types";
import { HealthMark, Panel } from "../../ui/parts";
import { Words } from "../../ui/words";
import { isFileRefused } from "./read";

type Props = Pick<Configuration, "source" | "rejected">;

export function Source({ source: { path, writable, why_not }, rejected }: Props) {
  return (
    <Panel title="Source">
      <p>
        <code>{path}</code>{" "}
        {writable ? (
          <Writable rejected={rejected} />
        ) : (
          <>
            <HealthMark health="warn" label="cannot be written" />
            {why_not && (
              <>
                : <Words text={why_not} />
              </>
            )}
          </>
        )}
      </p>
      {!writable && (
        <p class="lead">
          Each change shows a patch to make there. The gateway can hold it until then: it works at
          once and across reloads, and ends when the gateway restarts.
        </p>
      )}
    </Panel>
  );
}

/** It is not written over what somebody else has put there, though it could be. */
function Writable({ rejected }: Pick<Props, "rejected">) {
  if (rejected === null) return <HealthMark health="good" label="changes are written there" />;
  if (isFileRefused(rejected))
    return (
      <HealthMark
        health="warn"
        label="was refused: until it is mended, changes can only be held in the gateway"
      />
    );
  // Before that change, the file may have been refused as well.
  return (
    <HealthMark
      health="idle"
      label="can be written; each change says whether it will be, before it is applied"
    />
  );
}

/** Where the configuration is kept, and whether the console can write it. */
import type { SourceStatus } from "../../api/types";
import { HealthMark, Panel } from "../../ui/parts";
import { Words } from "../../ui/words";

export function Source({ source: { path, writable, why_not } }: { source: SourceStatus }) {
  return (
    <Panel title="Source">
      <p>
        <code>{path}</code>{" "}
        {writable ? (
          <HealthMark health="good" label="changes are written there" />
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

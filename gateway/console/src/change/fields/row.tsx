/** A line of the panel: the name of a field, its control, and who says what it is. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Button, Tag } from "../../ui/parts";
import { Words } from "../../ui/words";
import { wrong } from "../check";
import { Place } from "../place";
import { label } from "../words";
import { useField, type FieldProps } from "./context";

/** What a control says of itself, and where its explanation is. */
export interface Labels {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean;
}

export function Row(props: FieldProps & { children: (labels: Labels) => ComponentChildren }) {
  const { field, path, isNew } = props;
  const { id, value, was, isChanged } = useField({ path });
  // A form that has just been opened is not full of complaints.
  const isUntouched = isNew && value === undefined;
  const problem = value === undefined && !isChanged && !isNew ? null : wrong(field, value);
  const shown = isUntouched ? null : problem;
  return (
    <div class={`change-row ${isChanged ? "changed" : ""}`}>
      <label for={id} class="change-label">
        {label(field.key)}
        {field.isRequired && isNew && <span class="lead"> (needed)</span>}
      </label>
      <div class="change-control">
        {props.children({
          id,
          "aria-describedby": `${id}-doc`,
          "aria-invalid": shown !== null,
        })}
        {shown && (
          <p class="change-wrong" role="alert">
            {shown}
          </p>
        )}
        <Doc id={`${id}-doc`} text={field.doc} />
      </div>
      <Origin {...props} isChanged={isChanged} isSet={value !== undefined} isBack={was} />
    </div>
  );
}

/** The first sentence; the rest if it is asked for. */
export function Doc({ id, text }: { id?: string; text: string }) {
  const [isOpen, open] = useState(false);
  const end = text.search(/\.(\s|$)/);
  const first = end < 0 ? text : text.slice(0, end + 1);
  const rest = text.slice(first.length).trim();
  return (
    <p class="change-doc" id={id}>
      <Words text={isOpen ? text : first} />
      {rest && (
        <>
          {" "}
          <button type="button" class="change-more" onClick={() => open(!isOpen)}>
            {isOpen ? "less" : "more"}
          </button>
        </>
      )}
    </p>
  );
}

type OriginProps = FieldProps & { isChanged: boolean; isSet: boolean; isBack: unknown };

function Origin({ field, path, isNew, isChanged, isSet }: OriginProps) {
  const { was, holds, set } = useField({ path });
  if (isNew) return <div class="change-origin" />;
  const name = label(field.key);
  if (isChanged)
    return (
      <div class="change-origin">
        <Tag look="warn">{isSet ? "changed" : "goes"}</Tag>
        <Button look="quiet" onClick={() => set(was)} aria-label={`Take back: ${name}`}>
          Take back
        </Button>
      </div>
    );
  return (
    <div class="change-origin">
      {holds?.origin === "written" && <Place source={holds.source} line={holds.line} />}
      {holds?.origin === "inherited" && (
        <span>
          inherited from <Place source={holds.source} line={holds.line} />
        </span>
      )}
      {holds?.origin === "default" && <span>default</span>}
      {isSet && !field.isRequired && (
        <Button look="quiet" onClick={() => set(undefined)} aria-label={`Reset: ${name}`}>
          Reset
        </Button>
      )}
    </div>
  );
}

/** Editors of values without parts: text, numbers, durations, switches, choices. */
import { get } from "../../api/client";
import { useLoad } from "../../ui/load";
import { Button } from "../../ui/parts";
import { useField, type FieldProps } from "./context";
import { Row } from "./row";
import type { Value } from "../draft";

/** What is on top of the usual: as often as it makes sense to wait. */
const DURATIONS = ["500ms", "1s", "5s"];

/** What holds where nothing is written. */
function usePlaceholder({ field, path }: FieldProps): string {
  const { holds } = useField({ path });
  const now = holds && holds.origin !== "written" ? holds.value : field.otherwise;
  if (now) return now;
  return field.example ? `such as ${field.example}` : "";
}

export function TextField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  if (props.field.names) return <NameField {...props} of={props.field.names} />;
  return (
    <Row {...props}>
      {labels => (
        <input
          {...labels}
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={value === undefined ? "" : String(value)}
          placeholder={placeholder}
          onInput={event => set(event.currentTarget.value || undefined)}
        />
      )}
    </Row>
  );
}

function NameField({ of, ...props }: FieldProps & { of: string }) {
  const { value, set } = useField(props);
  const { data } = useLoad(`names of ${of}`, () => get<{ name: string }[]>(`/api/v1/${of}`));
  const names = (data ?? []).map(({ name }) => name);
  const now = value === undefined ? "" : String(value);
  const all = now === "" || names.includes(now) ? names : [now, ...names];
  return (
    <Row {...props}>
      {labels => (
        <select
          {...labels}
          value={now}
          onChange={event => set(event.currentTarget.value || undefined)}>
          <option value="">choose …</option>
          {all.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </Row>
  );
}

export function DurationField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  const { field } = props;
  const hasNone = field.min === 0 || field.doc.includes("`0s` is no limit");
  const chips = [...DURATIONS.map(text => [text, text]), ...(hasNone ? [["0s", "no limit"]] : [])];
  return (
    <Row {...props}>
      {labels => (
        <div class="change-line">
          <input
            {...labels}
            type="text"
            size={10}
            autocomplete="off"
            spellcheck={false}
            value={value === undefined ? "" : String(value)}
            placeholder={placeholder}
            onInput={event => set(event.currentTarget.value.trim() || undefined)}
          />
          {chips.map(([text = "", words = ""]) => (
            <button
              type="button"
              class="change-chip"
              key={text}
              aria-pressed={value === text}
              onClick={() => set(text)}>
              {words}
            </button>
          ))}
        </div>
      )}
    </Row>
  );
}

export function NumberField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  const { field } = props;
  return (
    <Row {...props}>
      {labels => (
        <input
          {...labels}
          type="number"
          inputMode={field.isInteger ? "numeric" : "decimal"}
          value={value === undefined ? "" : String(value)}
          min={field.min ?? undefined}
          max={field.max ?? undefined}
          step={field.isInteger ? 1 : "any"}
          placeholder={placeholder}
          onInput={event => set(numberOf(event.currentTarget.value))}
        />
      )}
    </Row>
  );
}

/** What is no number stays as it was typed, so that it can be said what is wrong with it. */
export function numberOf(text: string): Value | undefined {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

export function BooleanField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  return (
    <Row {...props}>
      {labels => (
        <select
          {...labels}
          value={value === undefined ? "" : String(value)}
          onChange={({ currentTarget: { value: text } }) =>
            set(text === "" ? undefined : text === "true")
          }>
          <option value="">{placeholder ? `default: ${placeholder}` : "not said"}</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      )}
    </Row>
  );
}

export function EnumField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  const { choices, isRequired } = props.field;
  return (
    <Row {...props}>
      {labels => (
        <select
          {...labels}
          value={value === undefined ? "" : String(value)}
          onChange={({ currentTarget: { value: text } }) =>
            set(choices.find(choice => String(choice) === text))
          }>
          <option value="">
            {isRequired ? "choose …" : placeholder ? `default: ${placeholder}` : "not said"}
          </option>
          {choices.map(choice => (
            <option key={choice} value={String(choice)}>
              {choice}
            </option>
          ))}
        </select>
      )}
    </Row>
  );
}

/** Texts, one a line. */
export function TextsField(props: FieldProps) {
  const { value, set } = useField(props);
  const placeholder = usePlaceholder(props);
  const texts = Array.isArray(value) ? value.map(String) : [];
  const change = (next: string[]) => set(next.length ? next : undefined);
  return (
    <Row {...props}>
      {labels => (
        <div class="change-texts">
          {texts.length === 0 && <span class="lead">{placeholder || "none"}</span>}
          {texts.map((text, at) => (
            <div class="change-line" key={at}>
              <input
                {...(at === 0 ? labels : { "aria-label": `${props.field.key} ${at + 1}` })}
                type="text"
                autocomplete="off"
                spellcheck={false}
                value={text}
                onInput={event => change(texts.with(at, event.currentTarget.value))}
              />
              <Button
                look="quiet"
                aria-label={`Remove ${text || "the empty one"}`}
                onClick={() => change(texts.toSpliced(at, 1))}>
                ✕
              </Button>
            </div>
          ))}
          <Button
            {...(texts.length === 0 && { id: labels.id })}
            look="quiet"
            onClick={() => change([...texts, ""])}>
            Add one
          </Button>
        </div>
      )}
    </Row>
  );
}

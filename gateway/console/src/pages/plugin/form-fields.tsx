/** The fields of a form that a schema describes. What is left empty is not written. */
import { useState } from "preact/hooks";

import { Words } from "../../ui/words";
import { readText, textOf, valueAt, withValue, type Field } from "./form";

interface FormProps {
  fields: Field[];
  value: unknown;
  change: (value: unknown) => void;
}

export function FormFields({ fields, value, change }: FormProps) {
  return (
    <div class="form-fields">
      {fields.map(field => (
        <Row
          key={field.label}
          field={field}
          value={valueAt(value, field.path)}
          change={next => change(withValue(value, field.path, next))}
        />
      ))}
    </div>
  );
}

type RowProps = { field: Field; value: unknown; change: (value: unknown) => void };

function Row({ field, value, change }: RowProps) {
  const id = `field-${field.label}`;
  return (
    <div>
      <label for={id}>
        <code>{field.label}</code>
        {field.required && " (required)"}
      </label>
      <Input id={id} field={field} value={value} change={change} />
      {field.doc && (
        <p class="lead" id={`${id}-doc`}>
          <Words text={field.doc} />
        </p>
      )}
    </div>
  );
}

function Input({ id, field, value, change }: RowProps & { id: string }) {
  const { kind, otherwise, doc } = field;
  const described = doc ? { "aria-describedby": `${id}-doc` } : {};
  const usual = otherwise === undefined ? "not set" : `${optionWords(otherwise)} (default)`;
  if (kind === "switch" || kind === "choice") {
    const options = kind === "switch" ? [true, false] : field.options;
    return (
      <select
        id={id}
        {...described}
        value={value === undefined ? "" : String(options.indexOf(value))}
        onChange={({ currentTarget: { value: at } }) =>
          change(at === "" ? undefined : options[Number(at)])
        }>
        <option value="">{usual}</option>
        {options.map((option, at) => (
          <option key={at} value={String(at)}>
            {optionWords(option)}
          </option>
        ))}
      </select>
    );
  }
  if (kind === "json") return <Json id={id} value={value} change={change} {...described} />;
  const rest = {
    id,
    ...described,
    placeholder: usual,
    autocomplete: "off",
    value: value === undefined ? "" : textOf(value),
  };
  if (kind === "text")
    return (
      <input
        {...rest}
        type="text"
        onInput={({ currentTarget: own }) => change(own.value === "" ? undefined : own.value)}
      />
    );
  return (
    <input
      {...rest}
      type="number"
      step="any"
      onInput={({ currentTarget: own }) => change(own.value === "" ? undefined : own.valueAsNumber)}
    />
  );
}

function optionWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return textOf(value);
}

type JsonProps = { id: string; value: unknown; change: (value: unknown) => void };

/** Text that is half written stays here until it is JSON. */
function Json({ value, change, ...rest }: JsonProps) {
  const [text, write] = useState(textOf(value));
  const isWrong = "error" in readText(text);
  return (
    <textarea
      {...rest}
      class="code-field"
      rows={3}
      spellcheck={false}
      value={text}
      aria-invalid={isWrong}
      onInput={({ currentTarget: { value: next } }) => {
        write(next);
        const read = readText(next);
        if ("value" in read) change(read.value);
      }}
    />
  );
}

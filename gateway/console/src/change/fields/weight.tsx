/** The share of one of several: a slider, the number that is written, and what it comes to. */
import type { Value } from "../draft";
import { isObject } from "../draft";
import { share } from "../../ui/format";
import { useEditing, useField, valueAt, type FieldProps } from "./context";
import { numberOf } from "./plain";
import { Row } from "./row";

export function WeightField(props: FieldProps) {
  const { field, path } = props;
  const { value, set } = useField(props);
  const { after, before } = useEditing();
  const list = valueAt(after, path.slice(0, -2));
  const otherwise = Number(field.otherwise ?? 1);
  const weights = weightsIn(list, field.key, otherwise);
  const own = typeof value === "number" ? value : otherwise;
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const isAlone = weights.length < 2;
  // The scale does not change while somebody pulls, or when an item goes.
  const were = weightsIn(valueAt(before, path.slice(0, -2)), field.key, otherwise);
  const most = Math.max(...weights, ...were) > 10 ? Math.max(100, own) : 10;
  return (
    <Row {...props}>
      {labels => (
        <div class="change-line">
          {!isAlone && (
            <input
              type="range"
              aria-label="Weight"
              min={0}
              max={most}
              value={own}
              onInput={event => set(Number(event.currentTarget.value))}
            />
          )}
          <input
            {...labels}
            class="change-weight"
            type="number"
            min={field.min ?? 0}
            max={field.max ?? undefined}
            value={value === undefined ? "" : String(value)}
            placeholder={String(otherwise)}
            onInput={event => set(numberOf(event.currentTarget.value))}
          />
          <output for={labels.id} class="change-share">
            {whole === 0 ? "no requests" : isAlone ? "all, it is the only one" : share(own / whole)}
          </output>
        </div>
      )}
    </Row>
  );
}

/** Of the items that stay. */
export function weightsIn(list: Value | undefined, key: string, otherwise: number): number[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap(item => {
    if (!isObject(item)) return [];
    const weight = item[key];
    return [typeof weight === "number" ? weight : otherwise];
  });
}

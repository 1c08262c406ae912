/** The edits of the wizards of a route. */
import type { Edit, Path, RuleStatus } from "../../api/types";
import { isObject, REDACTED, type Value } from "../../change/draft";

export interface Dark {
  service: string;
  header: string;
  value: string;
}

/** As HTTP allows it in a header's name, and what the configuration takes as a value. */
export function wrongDark({ service, header, value }: Dark): string | null {
  if (service === "") return "Choose the service that is to get these requests.";
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header)) return "This cannot be a header's name.";
  if (!/^[!-~]([ -~\t]*[!-~])?$/.test(value)) return "The value must be plain text.";
  return null;
}

/**
 * A rule in front of the others, that takes what `rule` takes if the header is there, too.
 * Everything else of it is as in `rule`, whose data is as it is written.
 */
export function darkRule(rule: Value, rules: Value[], dark: Dark): Value {
  const old = isObject(rule) ? rule : {};
  const matches = Array.isArray(old["matches"]) && old["matches"].length ? old["matches"] : [{}];
  const headers = (match: Value) => {
    const before = isObject(match) && isObject(match["headers"]) ? match["headers"] : {};
    return { ...before, [dark.header]: dark.value };
  };
  return {
    name: freeName(rules, dark.value),
    matches: matches.map(match => ({ ...(isObject(match) ? match : {}), headers: headers(match) })),
    ...(old["filters"] !== undefined && { filters: old["filters"] }),
    backends: [dark.service],
    ...(old["timeout"] !== undefined && { timeout: old["timeout"] }),
  };
}

/** What the gateway keeps to itself cannot be written a second time. */
export function holdsSecret(value: Value | undefined): boolean {
  if (value === REDACTED) return true;
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isObject(value) && Object.values(value).some(holdsSecret);
}

export function darkEdits(route: Path, rule: Value): Edit[] {
  return [{ op: "insert", path: [...route, "rules"], index: 0, value: rule }];
}

function freeName(rules: Value[], wanted: string): string {
  const base = wanted.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "dark";
  const taken = new Set(rules.map(rule => (isObject(rule) ? rule["name"] : undefined)));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** `percent` of the requests for one more service; the others keep their shares of the rest. */
export function splitEdits(
  { path, backends }: RuleStatus,
  service: string,
  percent: number,
): Edit[] {
  const whole = backends.reduce((sum, { weight }) => sum + weight, 0);
  const rest = 100 - percent;
  const others = backends.map(({ path, weight }): Edit => {
    const part = whole > 0 ? weight / whole : 1 / backends.length;
    // Who had a share keeps one.
    const least = weight > 0 && rest > 0 ? 1 : 0;
    return {
      op: "set",
      path: [...path, "weight"],
      value: Math.max(least, Math.round(part * rest)),
    };
  });
  const one: Edit = {
    op: "insert",
    path: [...path, "backends"],
    value: { service, weight: percent },
  };
  return [...others, one];
}

export interface PluginStep {
  plugin: string;
  /** Of the whole route, or of one rule. */
  rule: number | null;
  /** Who has switched it off. */
  offBy: "route" | "rule" | null;
  /** Switches it the other way; none in a rule where the route has switched it off. */
  edits: Edit[];
}

/** Every step that is a plugin, and for each rule the route's steps, which it can switch off. */
export function pluginSteps(route: Path, written: Value): PluginStep[] {
  const { filters, rules } = isObject(written) ? written : {};
  const own = ownSteps([...route, "filters"], filters, null);
  const ofRules = (Array.isArray(rules) ? rules : []).flatMap((rule, at) => {
    const named = isObject(rule) && typeof rule["name"] === "string" ? { name: rule["name"] } : at;
    const path: Path = [...route, "rules", named, "filters"];
    const inRule = isObject(rule) ? rule["filters"] : undefined;
    return ownSteps(path, inRule, at, own);
  });
  return [...own, ...ofRules];
}

function ownSteps(
  path: Path,
  filters: Value | undefined,
  rule: number | null,
  around: PluginStep[] = [],
): PluginStep[] {
  const steps = (Array.isArray(filters) ? filters : []).flatMap((filter, at) => {
    const step = isObject(filter) ? filter["plugin"] : undefined;
    const plugin = isObject(step) ? step["name"] : step;
    if (typeof plugin !== "string") return [];
    const isOn = !(isObject(step) && step["disabled"] === true);
    return [{ plugin, at, isOn }];
  });
  const isSwitch = ({ plugin, isOn }: { plugin: string; isOn: boolean }) =>
    !isOn && around.some(outer => outer.plugin === plugin);
  const off = steps.filter(isSwitch);
  const inherited = around.flatMap(({ plugin, offBy }): PluginStep[] => {
    if (offBy !== null) {
      // A step of the rule's own runs all the same.
      const runsHere = steps.some(step => step.plugin === plugin && step.isOn);
      return runsHere ? [] : [{ plugin, rule, offBy, edits: [] }];
    }
    const found = off.find(step => step.plugin === plugin);
    const edit: Edit = found
      ? { op: "remove", path: [...path, found.at] }
      : { op: "insert", path, value: { plugin: { name: plugin, disabled: true } } };
    return [{ plugin, rule, offBy: found ? "rule" : null, edits: [edit] }];
  });
  const own = steps
    .filter(step => !isSwitch(step))
    .map(({ plugin, at, isOn }): PluginStep => {
      const key: Path = [...path, at, "plugin", "disabled"];
      const edit: Edit = isOn ? { op: "set", path: key, value: true } : { op: "remove", path: key };
      const offBy = isOn ? null : rule === null ? "route" : "rule";
      return { plugin, rule, offBy, edits: [edit] };
    });
  return [...inherited, ...own];
}

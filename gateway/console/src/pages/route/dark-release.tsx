/** Sends those requests of a rule that carry a header to another service. */
import { useState } from "preact/hooks";

import type { Effective, RouteStatus } from "../../api/types";
import { isObject, written } from "../../change/draft";
import { propose } from "../../change/propose";
import { darkEdits, darkRule, holdsSecret, wrongDark } from "./release";
import { ServiceChoice, Wizard } from "./wizard";

interface Props {
  route: RouteStatus;
  /** Which rule. */
  at: number;
  effective: Effective;
  close: () => void;
}

export function DarkRelease({ route, at, effective, close }: Props) {
  const [service, choose] = useState("");
  const [header, nameIt] = useState("x-my-header");
  const [value, say] = useState("canary");
  const root = written(effective);
  const rules = isObject(root) && Array.isArray(root["rules"]) ? root["rules"] : [];
  const dark = { service, header: header.trim(), value: value.trim() };
  const rule = darkRule(rules[at] ?? {}, rules, dark);
  const isSecret = holdsSecret(rule);
  const wrong = wrongDark(dark);
  const send = () =>
    propose({
      title: `Dark release of ${service} on route ${route.name}`,
      change: { edits: darkEdits(effective.path, rule) },
      reason: `requests with ${dark.header}: ${dark.value} try ${service}`,
      done: close,
    });
  return (
    <Wizard
      label="Dark release by header"
      isReady={wrong === null && !isSecret}
      send={send}
      close={close}>
      <p>
        Requests of this rule that carry the header go to another service; everybody else notices
        nothing. It becomes a rule in front of the others.
      </p>
      <div class="route-wizard-fields">
        <ServiceChoice value={service} choose={choose} label="To the service" />
        <label>
          Header
          <input type="text" value={header} onInput={event => nameIt(event.currentTarget.value)} />
        </label>
        <label>
          Its value
          <input type="text" value={value} onInput={event => say(event.currentTarget.value)} />
        </label>
      </div>
      {service !== "" && wrong && <p class="route-wrong">{wrong}</p>}
      {isSecret && (
        <p class="route-wrong">
          The rule holds a plugin configuration or a value that the gateway keeps to itself, so it
          cannot be copied here. Copy the rule in the <a href="#/configuration">configuration</a>.
        </p>
      )}
    </Wizard>
  );
}

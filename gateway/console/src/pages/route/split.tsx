/** Gives one more service a share of a rule's requests. */
import { useState } from "preact/hooks";

import type { RouteStatus, RuleStatus } from "../../api/types";
import { propose } from "../../change/propose";
import { splitEdits } from "./release";
import { ServiceChoice, Wizard } from "./wizard";

interface Props {
  route: RouteStatus;
  rule: RuleStatus;
  close: () => void;
}

export function Split({ route, rule, close }: Props) {
  const [service, choose] = useState("");
  const [percent, set] = useState(10);
  const send = () =>
    propose({
      title: `Canary of ${service} on route ${route.name}`,
      change: { edits: splitEdits(rule, service, percent) },
      reason: `${percent} % of ${route.name} try ${service}`,
      done: close,
    });
  return (
    <Wizard label="Canary split" isReady={service !== ""} send={send} close={close}>
      <p>
        A share of this rule's requests goes to one more service. Weights become percentages, so
        that they can be read; change them below, under Configuration.
      </p>
      <div class="route-wizard-fields">
        <ServiceChoice
          value={service}
          choose={choose}
          label="To the service"
          but={rule.backends.map(backend => backend.service)}
        />
        <label>
          Share: {percent} %
          <input
            type="range"
            min={1}
            max={99}
            value={percent}
            onInput={event => set(Number(event.currentTarget.value))}
          />
        </label>
      </div>
    </Wizard>
  );
}

/** Where a plugin is a step, with a switch at each place. */
import { useState } from "preact/hooks";

import { get } from "../../api/client";
import type { Plugin, RouteStatus } from "../../api/types";
import { propose } from "../../change/propose";
import { onlyOperators } from "../../change/suspend";
import { part } from "../../location";
import { useLoad } from "../../ui/load";
import { Button, Empty, HealthMark, Panel } from "../../ui/parts";
import { switched, useIn } from "./edits";

export function Places({ plugin }: { plugin: Plugin }) {
  const { name, places } = plugin;
  return (
    <Panel title="Where it runs" tools={<AddTo plugin={plugin} />}>
      {places.length === 0 ? (
        <Empty title="No route uses it">
          <p>It is loaded, but no request meets it. Choose a route for it above.</p>
        </Empty>
      ) : (
        <div class="scrolls" tabIndex={0} role="region" aria-label="Places">
          <table>
            <thead>
              <tr>
                <th scope="col">Route</th>
                <th scope="col">Rule</th>
                <th scope="col" class="number">
                  Step
                </th>
                <th scope="col">State</th>
                <th scope="col">
                  <span class="unseen">Switch</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {places.map(place => (
                <Place key={JSON.stringify(place.path)} plugin={name} place={place} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Place({ plugin, place }: { plugin: string; place: Plugin["places"][number] }) {
  const { route, rule, index, enabled } = place;
  const where = rule === null ? route : `${route}, rule ${rule}`;
  const verb = enabled ? "off" : "on";
  return (
    <tr>
      <td>
        <a href={`#/routes/${part(route)}`}>{route}</a>
      </td>
      <td>{rule ?? "all"}</td>
      <td class="number">{index + 1}</td>
      <td>
        <HealthMark health={enabled ? "good" : "off"} label={enabled ? "on" : "off"} />
      </td>
      <td class="number">
        <Button
          aria-label={`Switch ${verb} in ${where}`}
          {...onlyOperators()}
          onClick={() =>
            propose({
              title: `Switch ${plugin} ${verb} in ${where}`,
              change: { edits: switched(place, !enabled) },
              reason: `${plugin} ${verb} in ${where}`,
            })
          }>
          Switch {verb}
        </Button>
      </td>
    </tr>
  );
}

function AddTo({ plugin: { name, places } }: { plugin: Plugin }) {
  const { data } = useLoad("routes", () => get<RouteStatus[]>("/api/v1/routes"));
  const [picked, pick] = useState("");
  const free = (data ?? []).filter(
    route => !places.some(place => place.route === route.name && place.rule === null),
  );
  if (free.length === 0) return null;
  return (
    <>
      <select aria-label="Route" value={picked} onChange={event => pick(event.currentTarget.value)}>
        <option value="">choose a route</option>
        {free.map(route => (
          <option key={route.name}>{route.name}</option>
        ))}
      </select>
      <Button
        disabled={picked === ""}
        {...onlyOperators()}
        onClick={() =>
          propose({
            title: `Use ${name} in ${picked}`,
            change: { edits: useIn(name, picked) },
            reason: `${name} for ${picked}`,
            done: () => pick(""),
          })
        }>
        Use it there
      </Button>
    </>
  );
}

/** Where the gateway is reached, with a line to type for each host. */
import type { Address, Overview } from "../api/types";
import { Command, Panel, Tag } from "../ui/parts";

/** A listener may have hundreds of hosts. */
const HOSTS = 5;

export function Addresses({ now: { addresses } }: { now: Overview }) {
  return (
    <Panel title="Where to reach it">
      {addresses.length === 0 && <p class="lead">No listener yet.</p>}
      <ul class="addresses">
        {addresses.map(one => (
          <Listener key={one.listener} one={one} />
        ))}
      </ul>
    </Panel>
  );
}

function Listener({ one: { listener, address, hosts, url, curl } }: { one: Address }) {
  const named = hosts.filter(host => host !== "*");
  const more = named.length - HOSTS;
  return (
    <li>
      <p>
        {url ? (
          <a href={url} target="_blank" rel="noreferrer">
            {url}
          </a>
        ) : (
          <code>{address}</code>
        )}{" "}
        <span class="lead">
          listener <code>{listener}</code>
          {url && (
            <>
              {" "}
              on <code>{address}</code>
            </>
          )}
        </span>
      </p>
      <Command text={curl} />
      {named.length > 0 && (
        <p>
          Hosts:{" "}
          {named.slice(0, HOSTS).map(host => (
            <Tag key={host}>{host}</Tag>
          ))}{" "}
          {more > 0 && <span class="lead">and {more} more</span>}
        </p>
      )}
    </li>
  );
}

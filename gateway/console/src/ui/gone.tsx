/** There is no such thing: what has nearly the same name, and the list of all. */
import { href, part } from "../location";
import { nearest } from "./nearest";
import { Empty, Page } from "./parts";

interface Props {
  kind: "service" | "route";
  name: string;
  names: string[];
}

export function Gone({ kind, name, names }: Props) {
  const meant = nearest(name, names);
  return (
    <Page title={`No ${kind} ${name}`}>
      <Empty title={`The configuration has no ${kind} named ${name}`}>
        {meant.length > 0 && (
          <p>
            Did you mean{" "}
            {meant.map((one, at) => (
              <>
                {at > 0 && " or "}
                <a key={one} href={href(`/${kind}s/${part(one)}`)}>
                  {one}
                </a>
              </>
            ))}
            ?
          </p>
        )}
        <p>
          It may have been renamed or removed: <a href="#/configuration">the changes</a> tell, and
          here are <a href={`#/${kind}s`}>all {kind}s</a>.
        </p>
      </Empty>
    </Page>
  );
}

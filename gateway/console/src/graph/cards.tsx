/** The texts of nodes, as HTML above Cytoscape's shapes: crisp, and within reach of the keyboard. */
import { useMemo } from "preact/hooks";

import { HealthMark } from "../ui/parts";
import { inNumbers, type Shown, type ShownNode } from "./elements";
import { Icon } from "./icons";
import { type Layout, SIZES } from "./layout";
import { TITLE_ROOM } from "./viewport";

interface Props {
  shown: Shown;
  layout: Layout;
  selected: string | null;
  choose: (id: string) => void;
}

export function Cards({ shown, layout, selected, choose }: Props) {
  const inOrder = [...shown.nodes].sort((a, b) => {
    const [one, other] = [layout.places.get(a.id), layout.places.get(b.id)];
    return (one?.x ?? 0) - (other?.x ?? 0) || (one?.y ?? 0) - (other?.y ?? 0);
  });
  return (
    <>
      <Titles shown={shown} layout={layout} />
      {inOrder.map(node => {
        const place = layout.places.get(node.id);
        const back = shown.isSearching && !node.isFound;
        return (
          place && (
            <Card
              key={node.id}
              node={node}
              x={place.x}
              y={place.y}
              isBack={back}
              isSelected={node.id === selected}
              choose={choose}
            />
          )
        );
      })}
    </>
  );
}

interface CardProps {
  node: ShownNode;
  x: number;
  y: number;
  isBack: boolean;
  isSelected: boolean;
  choose: (id: string) => void;
}

function Card({ node, x, y, isBack, isSelected, choose }: CardProps) {
  // Four times a second all nodes are new; most of them look as before.
  return useMemo(() => {
    const { width, height } = SIZES[node.kind];
    const place = {
      left: `${x - width / 2}px`,
      top: `${y - height / 2}px`,
      width: `${width}px`,
      height: `${height}px`,
    };
    return (
      <div
        class={`card ${node.kind} ${node.verdict.health} ${isBack ? "back" : ""}`}
        data-node={node.id}
        style={place}>
        <button type="button" aria-pressed={isSelected} onClick={() => choose(node.id)}>
          <span class="unseen">{node.kind} </span>
          <span class="card-name">
            <HealthMark health={node.verdict.health} />
            <b>{node.name}</b>
          </span>
          <span class="card-numbers">{inNumbers(node)}</span>
          <span class="unseen">{moreWords(node)}</span>
        </button>
        {node.badges.length > 0 && (
          <span class="card-badges">
            {node.badges.map(badge => (
              <Icon key={badge.kind} kind={badge.kind} words={badge.words} />
            ))}
          </span>
        )}
        {node.in_flight > 0 && (
          <span class="card-flight" title={`${node.in_flight} in flight: not answered yet`}>
            {node.in_flight}
          </span>
        )}
        {node.sightEnds && (
          <span class="card-sight" title={node.sightEnds}>
            <Icon kind="sight" words={node.sightEnds} /> sight ends here
          </span>
        )}
      </div>
    );
  }, [looks(node), x, y, isBack, isSelected, choose]);
}

/** Equal for nodes that look the same. */
function looks(node: ShownNode): string {
  const badges = node.badges.map(badge => badge.kind + badge.words).join();
  const { name, verdict, in_flight: inFlight, sightEnds } = node;
  return [name, verdict.health, inNumbers(node), inFlight, badges, sightEnds].join("\n");
}

/** What marks around the text say, for those who do not see them. */
function moreWords(node: ShownNode): string {
  const parts = [
    node.in_flight > 0 && `${node.in_flight} in flight`,
    ...node.badges.map(badge => badge.words),
    node.sightEnds,
  ];
  return parts
    .filter(Boolean)
    .map(words => `, ${words}`)
    .join("");
}

/** What each column holds, above its first node. */
function Titles({ shown, layout }: Pick<Props, "shown" | "layout">) {
  const places = shown.nodes.flatMap(node => layout.places.get(node.id) ?? []);
  const top = Math.min(...places.map(place => place.y)) - TITLE_ROOM;
  const titles = [...layout.columns.values()].filter(({ xs }) =>
    places.some(place => xs.includes(place.x)),
  );
  return titles.map(({ title, xs }) => (
    <div
      class="column-title"
      key={title + xs[0]}
      style={{ left: `${((xs[0] ?? 0) + (xs.at(-1) ?? 0)) / 2}px`, top: `${top}px` }}>
      {title}
    </div>
  ));
}

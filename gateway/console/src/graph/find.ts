/**
 * The little language of "find" and "hide": `staff`, `kind:service errors>1%`, `-idle p99>500ms`.
 * Terms are all needed; `-` in front negates one; `a|b` is either.
 */
import type { GraphLink, GraphNode, Stats } from "../api/types";
import { judge, judgeNode } from "./health";

/** A node or a link, as terms look at it. */
export interface Subject {
  kind: string;
  names: string[];
  stats: Stats;
  inFlight: number;
  badges: string[];
  health: string;
}

export interface Search {
  /** Nothing was typed. */
  isEmpty: boolean;
  matches: (subject: Subject) => boolean;
  /** What could not be understood, in a sentence; such terms are left out. */
  problem: string | null;
}

type Test = (subject: Subject) => boolean;

const STATES: Record<string, Test> = {
  idle: ({ stats, inFlight }) => stats.requests === 0 && inFlight === 0,
  busy: ({ stats, inFlight }) => stats.requests > 0 || inFlight > 0,
  suspended: ({ badges }) => badges.includes("suspended"),
  unhealthy: ({ badges }) => badges.includes("unhealthy"),
  failing: ({ stats }) => (stats.error_share ?? 0) >= 0.01,
  slow: ({ stats }) => (stats.p99_ms ?? 0) >= 1_000,
  bad: ({ health }) => health === "bad",
  good: ({ health }) => health === "good",
};

const NUMBERS: Record<string, (subject: Subject) => number | null> = {
  errors: ({ stats }) => stats.error_share,
  rate: ({ stats }) => stats.requests_per_second,
  p50: ({ stats }) => stats.p50_ms,
  p90: ({ stats }) => stats.p90_ms,
  p99: ({ stats }) => stats.p99_ms,
  inflight: ({ inFlight }) => inFlight,
};

const TEXTS: Record<string, (subject: Subject) => string[]> = {
  kind: ({ kind }) => [kind],
  name: ({ names }) => names,
  badge: ({ badges }) => badges,
};

const UNITS: Record<string, number> = { "": 1, "%": 0.01, us: 1e-3, ms: 1, s: 1e3, "/s": 1 };
const COMPARISON = /^([a-z0-9]+)(>=|<=|>|<|=)([0-9]*\.?[0-9]+)([a-z%/]*)$/;

export const HELP =
  "words match names; kind:service, badge:timeout, errors>1%, p99>500ms, rate>10, inflight>3, " +
  "idle, busy, slow, failing, suspended, unhealthy; - negates, a|b is either";

export function parse(text: string): Search {
  const terms = text.toLowerCase().match(/-?"[^"]*"?|\S+/g) ?? [];
  const tests: Test[] = [];
  const problems: string[] = [];
  for (const term of terms) {
    const negated = term.startsWith("-") && term.length > 1;
    const test = read(negated ? term.slice(1) : term);
    if (typeof test === "string") problems.push(test);
    else tests.push(negated ? subject => !test(subject) : test);
  }
  return {
    isEmpty: tests.length === 0,
    matches: subject => tests.length > 0 && tests.every(test => test(subject)),
    problem: problems[0] ?? null,
  };
}

export function ofNode(node: GraphNode): Subject {
  return {
    kind: node.kind,
    names: [node.name.toLowerCase()],
    stats: node.stats,
    inFlight: node.in_flight,
    badges: node.badges.map(badge => badge.kind),
    health: judgeNode(node).health,
  };
}

/** A link is found by the names of both its ends; of kind it is `link`. */
export function ofLink(link: GraphLink, from: GraphNode, to: GraphNode): Subject {
  return {
    kind: "link",
    names: [from.name.toLowerCase(), to.name.toLowerCase()],
    stats: link.stats,
    inFlight: 0,
    badges: [],
    health: judge(link.stats).health,
  };
}

/** A test, or the sentence that says why there is none. */
function read(term: string): Test | string {
  const state = STATES[term];
  if (state) return state;
  const comparison = COMPARISON.exec(term);
  if (comparison) return compare(comparison);
  const [, key = "", wanted = ""] = /^([a-z]+):(.*)$/.exec(term) ?? [];
  const texts = TEXTS[key];
  if (texts) {
    const any = wanted.split("|").filter(Boolean);
    return subject => texts(subject).some(text => any.some(word => text.includes(word)));
  }
  if (/[<>]/.test(term)) return `“${term}” is not understood; a number is compared as p99>500ms.`;
  const words = term.replaceAll('"', "").split("|").filter(Boolean);
  return subject => words.some(word => subject.names.some(name => name.includes(word)));
}

function compare([term, key = "", sign = "", number = "", unit = ""]: RegExpExecArray) {
  const value = NUMBERS[key];
  const factor = UNITS[unit];
  if (!value)
    return `“${key}” is not a number of the graph; ${Object.keys(NUMBERS).join(", ")} are.`;
  if (factor === undefined) return `“${term}” ends in a unit that is not known.`;
  // Shares are always given in per cent: nobody means 100 % by `errors>1`.
  const wanted = Number(number) * (key === "errors" ? 0.01 : factor);
  return (subject: Subject) => {
    const own = value(subject);
    if (own === null) return false;
    if (sign === ">") return own > wanted;
    if (sign === ">=") return own >= wanted;
    if (sign === "<") return own < wanted;
    if (sign === "<=") return own <= wanted;
    return Math.abs(own - wanted) < 1e-9;
  };
}

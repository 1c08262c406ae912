/** What an explained request comes to: which steps it reaches, and what must be known before them. */
import type { Explained } from "../../api/types";

export interface OwnAnswer {
  status: number;
  /** `no_route`, `suspended`, `redirect` */
  reason: string;
  /** What follows: why it is suspended, where it is sent to. */
  more: string;
}

/** `503 suspended: maintenance` */
export function ownAnswer(answer: string): OwnAnswer {
  const [, status = "0", reason = "", more = ""] =
    /^(\d+)\s*([^\s:]*):?\s*(.*)$/s.exec(answer) ?? [];
  return { status: Number(status), reason, more };
}

/** Filters are met by what a rule takes, unless the whole route is suspended. */
export function meetsFilters({ rule, answer }: Explained): boolean {
  return rule !== null && !(answer !== null && /its filters do not run/.test(answer));
}

/** No service hears of what the gateway answers by itself. */
export function meetsService({ rule, answer }: Explained): boolean {
  return rule !== null && answer === null;
}

const NO_TLS = "nothing speaks TLS here yet: a real request would fail in its handshake";

/** The gateway's notes, and what is true of the URL besides. */
export function warnings(explained: Explained, url: string): string[] {
  const { notes } = explained;
  const isKnown = notes.some(note => /\bTLS\b|https/i.test(note));
  return /^https:/i.test(url) && !isKnown ? [NO_TLS, ...notes] : notes;
}

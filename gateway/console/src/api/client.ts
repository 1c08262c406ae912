/** Calls of the admin API. Every refusal becomes a [`Refused`] with the gateway's own sentence. */
import type { ApiError, Diagnostic } from "./types";

export class Refused extends Error {
  constructor(
    /** 0: nobody answered. */
    readonly status: number,
    message: string,
    readonly diagnostics: Diagnostic[] = [],
    readonly patch: string | null = null,
  ) {
    super(message);
  }
}

const SESSION = "/api/v1/session";

let csrf: string | null = null;
let signInAgain: (() => Promise<boolean>) | null = null;

/** Set by the session; goes with everything that changes something. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Set by the session: signs in once more, and says whether that gave a role. */
export function onSignedOut(hook: () => Promise<boolean>): void {
  signInAgain = hook;
}

export function get<T>(path: string, query: Record<string, string | undefined> = {}): Promise<T> {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const text = new URLSearchParams(entries).toString();
  return call<T>("GET", text ? `${path}?${text}` : path);
}

export function post<T>(path: string, body?: unknown): Promise<T> {
  return call<T>("POST", path, body);
}

/** A gateway that has started again knows no sessions: who is not known any more signs in once. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    return await ask<T>(method, path, body);
  } catch (error) {
    const isOut = error instanceof Refused && error.status === 401 && path !== SESSION;
    if (!isOut || !(await signInAgain?.())) throw error;
    return ask<T>(method, path, body);
  }
}

async function ask<T>(method: string, path: string, body: unknown): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  if (csrf && method !== "GET") headers.set("x-portico-csrf", csrf);
  const isRaw = body instanceof Blob;
  if (body !== undefined && !isRaw) headers.set("content-type", "application/json");
  const content = body === undefined ? null : isRaw ? body : JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: content, credentials: "same-origin" });
  } catch {
    throw new Refused(0, "The gateway does not answer.");
  }
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function refusal(status: number, text: string): Refused {
  try {
    const { error, diagnostics, patch } = JSON.parse(text) as Partial<ApiError>;
    const words = error ?? diagnostics?.[0]?.message ?? `The gateway answers ${status}.`;
    return new Refused(status, words, diagnostics ?? [], patch ?? null);
  } catch {
    return new Refused(status, text.trim() || `The gateway answers ${status}.`);
  }
}

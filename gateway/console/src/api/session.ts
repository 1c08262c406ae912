/** Who the reader is, for the gateway. */
import { computed, signal } from "@preact/signals";

import { call, get, onSignedOut, post, setCsrf } from "./client";
import type { Session } from "./types";

/** `null` until the gateway has answered. */
export const session = signal<Session | null>(null);

/** The gateway has been asked, whether it answered or not: pages can ask it for more. */
export const isAsked = signal(false);

export const mayChange = computed(() => session.value?.role === "operator");

/** Counts sign-ins, so that a slow answer to an early question does not undo a later one. */
let turn = 0;

let running: Promise<boolean> | null = null;

/**
 * Takes the session there is, or one that the gateway gives without being asked for a secret; says
 * whether there is one. Whoever asks meanwhile waits for the same: of two new sessions, the cookie
 * might be of one and the token of the other.
 */
export function signIn(): Promise<boolean> {
  running ??= takeSession().finally(() => (running = null));
  return running;
}

onSignedOut(signIn);

async function takeSession(): Promise<boolean> {
  const mine = ++turn;
  try {
    let now = await get<Session>("/api/v1/session");
    if (now.role === "none" && now.sign_in === "automatic") {
      now = await post<Session>("/api/v1/session", {}).catch(() => now);
    }
    if (mine === turn) keep(now);
    return (session.value?.role ?? "none") !== "none";
  } catch {
    // No gateway, or one that is older; the stream says so on the page. Who I was may still hold.
    return false;
  } finally {
    isAsked.value = true;
  }
}

/** @throws Refused with the gateway's sentence. */
export async function signInWith(secret: { token: string } | { code: string }): Promise<void> {
  const now = await post<Session>("/api/v1/session", secret);
  turn += 1;
  keep(now);
}

export async function signOut(): Promise<void> {
  await call("DELETE", "/api/v1/session");
  keep(await get<Session>("/api/v1/session"));
}

function keep(now: Session | null): void {
  setCsrf(now?.csrf ?? null);
  session.value = now;
}

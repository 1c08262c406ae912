/** Who the reader is, for the gateway. */
import { computed, signal } from "@preact/signals";

import { call, get, post, setCsrf } from "./client";
import type { Session } from "./types";

/** `null` until the gateway has answered. */
export const session = signal<Session | null>(null);

export const mayChange = computed(() => session.value?.role === "operator");

/** Takes the session there is, or one that the gateway gives without being asked for a secret. */
export async function signIn(): Promise<void> {
  try {
    let now = await get<Session>("/api/v1/session");
    if (now.role === "none" && now.sign_in === "automatic") {
      now = await post<Session>("/api/v1/session", {}).catch(() => now);
    }
    keep(now);
  } catch {
    // No gateway, or one that is older; the stream says so on the page.
    keep(null);
  }
}

/** @throws Refused with the gateway's sentence. */
export async function signInWith(secret: { token: string } | { code: string }): Promise<void> {
  keep(await post<Session>("/api/v1/session", secret));
}

export async function signOut(): Promise<void> {
  await call("DELETE", "/api/v1/session");
  keep(await get<Session>("/api/v1/session"));
}

function keep(now: Session | null): void {
  setCsrf(now?.csrf ?? null);
  session.value = now;
}

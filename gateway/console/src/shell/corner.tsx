/** Who the reader is for the gateway, how the console looks, and the way out. */
import { session, signOut } from "../api/session";
import type { Role } from "../api/types";
import { Button } from "../ui/parts";
import { choose, theme, type Theme } from "../ui/theme";
import { toast } from "../ui/toast";
import { showKeys } from "./keys-dialog";

const ROLES: Record<Role, string> = {
  none: "You are not signed in.",
  viewer: "You may look at everything and change nothing.",
  operator: "You may look at everything and change it.",
};

export function Corner() {
  const role = session.value?.role ?? null;
  const name = role === "none" || role === null ? "Menu" : (session.value?.name ?? role);
  return (
    <div class="corner">
      {role === "none" && <a href="#/sign-in">Sign in</a>}
      <button type="button" class="button corner-button" popovertarget="corner">
        {name} <span aria-hidden="true">▾</span>
      </button>
      <div id="corner" class="corner-menu" popover="auto">
        <Me />
        <ThemeChoice />
        <Button
          look="quiet"
          onClick={() => {
            close();
            showKeys.value = true;
          }}>
          Keys <kbd>?</kbd>
        </Button>
        {role !== null && role !== "none" && (
          <Button look="quiet" onClick={() => void leave()}>
            Sign out
          </Button>
        )}
      </div>
    </div>
  );
}

function Me() {
  const now = session.value;
  if (!now) return null;
  return (
    <p>
      {now.name && (
        <>
          <b>{now.name}</b>, {now.role}
          <br />
        </>
      )}
      <span class="lead">{ROLES[now.role]}</span>
    </p>
  );
}

const THEMES: [Theme, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function ThemeChoice() {
  return (
    <fieldset class="corner-theme">
      <legend>Looks</legend>
      {THEMES.map(([value, label]) => (
        <label key={value}>
          <input
            type="radio"
            name="theme"
            value={value}
            checked={theme.value === value}
            onChange={() => choose(value)}
          />{" "}
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function close(): void {
  document.getElementById("corner")?.hidePopover?.();
}

async function leave(): Promise<void> {
  close();
  await signOut().catch((error: unknown) => toast("bad", `Not signed out: ${String(error)}`));
}

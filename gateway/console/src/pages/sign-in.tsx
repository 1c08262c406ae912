/** In by a token, or by a code that works once and that the gateway printed as an address. */
import { useEffect, useState } from "preact/hooks";

import { session, signInWith, signOut } from "../api/session";
import { go } from "../location";
import type { PageProps } from "../pages";
import { Button, Loading, Page, Panel, Problem } from "../ui/parts";
import { Words } from "../ui/words";
import "./sign-in.css";

export function SignIn({ args: [code] }: PageProps) {
  if (code) return <WithCode code={code} />;
  const now = session.value;
  return (
    <Page title={now && now.role !== "none" ? "Signed in" : "Sign in"}>
      {now && now.role !== "none" ? <Who /> : <SignInForm done={() => go("#/")} />}
    </Page>
  );
}

function WithCode({ code }: { code: string }) {
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    // The code goes out of the address whether it works or not: it is of no more use.
    signInWith({ code }).then(() => go("#/", "replace"), setError);
  }, [code]);
  return (
    <Page title="Sign in">
      {error ? (
        <>
          <Problem error={error} />
          <SignInForm done={() => go("#/", "replace")} />
        </>
      ) : (
        <Loading what="Signing in" />
      )}
    </Page>
  );
}

function Who() {
  const now = session.value;
  return (
    <Panel>
      <p>
        You are <b>{now?.name ?? "known"}</b>, {now?.role}.
      </p>
      <p class="tools sign-in-next">
        <a href="#/">To the overview</a>
        <Button onClick={() => void signOut()}>Sign out</Button>
      </p>
    </Panel>
  );
}

export function SignInForm({ done }: { done?: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const now = session.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signInWith({ token: token.trim() });
      done?.();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel class="sign-in">
      {now?.hint && (
        <p class="lead">
          <Words text={now.hint} />
        </p>
      )}
      {now?.sign_in !== "certificate" && (
        <form onSubmit={event => void submit(event)}>
          <label for="token">Token</label>
          <input
            id="token"
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={event => setToken(event.currentTarget.value)}
          />
          <Button type="submit" look="primary" disabled={busy}>
            Sign in
          </Button>
        </form>
      )}
      {error !== null && <Problem error={error} />}
    </Panel>
  );
}

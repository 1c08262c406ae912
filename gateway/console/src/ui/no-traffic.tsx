/** Nothing has come yet: how to send something, and a button that does. */
import { useState } from "preact/hooks";

import { post } from "../api/client";
import { mayChange } from "../api/session";
import { overview } from "../api/stream";
import type { Send, Sent } from "../api/types";
import { plural } from "./format";
import { Button, Command, Empty } from "./parts";
import { toast } from "./toast";

const TIMES = 10;

export function NoTraffic() {
  const [busy, setBusy] = useState(false);
  const first = overview.value?.addresses[0];
  if (!first)
    return (
      <Empty title="No listener yet">
        <p>
          The configuration has no listener, so nothing can come in. Add one in the{" "}
          <a href="#/configuration">configuration</a>.
        </p>
      </Empty>
    );
  const send = async (url: string) => {
    setBusy(true);
    await sendSome(url).finally(() => setBusy(false));
  };
  const { url } = first;
  return (
    <Empty title="No traffic yet">
      <p>The gateway listens, and nobody has called. Try it from a terminal:</p>
      <Command text={first.curl} />
      {url && mayChange.value && (
        <Button look="primary" disabled={busy} onClick={() => void send(url)}>
          {busy ? "Sending …" : `Send ${TIMES} requests`}
        </Button>
      )}
    </Empty>
  );
}

async function sendSome(url: string): Promise<void> {
  try {
    const request: Send = { method: "GET", url, headers: [], times: TIMES };
    const { answers } = await post<Sent>("/api/v1/send", request);
    const wrong = answers.find(({ status, error }) => error !== null || status >= 400);
    if (!wrong) toast("good", `${plural(answers.length, "request")} sent and answered`);
    else toast("warn", `Sent; one got ${wrong.error ?? wrong.reason ?? wrong.status}`);
  } catch (error) {
    toast("bad", `Nothing was sent: ${(error as Error).message}`);
  }
}

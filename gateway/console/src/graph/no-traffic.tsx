/** Nothing has come in yet: how to change that. */
import { useState } from "preact/hooks";

import { post } from "../api/client";
import { overview } from "../api/stream";
import type { Send, Sent } from "../api/types";
import { Button, Command, Empty, Problem } from "../ui/parts";

const TIMES = 10;

export function NoTraffic() {
  const address = overview.value?.addresses.find(one => one.url) ?? overview.value?.addresses[0];
  const [error, setError] = useState<unknown>(null);
  const [isSending, setSending] = useState(false);
  const send = async (url: string) => {
    setSending(true);
    setError(null);
    try {
      const wanted: Send = { method: "GET", url, headers: [], times: TIMES };
      await post<Sent>("/api/v1/send", wanted);
    } catch (refused) {
      setError(refused);
    } finally {
      setSending(false);
    }
  };
  return (
    <Empty title="No traffic yet">
      <p>The graph comes alive with the first request. Send one from a terminal, or from here:</p>
      {address && <Command text={address.curl} />}
      {address?.url && (
        <Button look="primary" disabled={isSending} onClick={() => void send(address.url ?? "")}>
          {isSending ? "Sending …" : `Send ${TIMES} requests`}
        </Button>
      )}
      {error !== null && <Problem error={error} />}
    </Empty>
  );
}

// Log lines with their level. The SDK's `log` writes to standard output instead, which has none.

import { LogLevelValues } from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { proxy_log } from "@gcoredev/proxy-wasm-sdk-as/assembly/imports";

export function log(level: LogLevelValues, line: string): void {
  const bytes = String.UTF8.encode(line);
  proxy_log(level, changetype<usize>(bytes), bytes.byteLength);
}

/** What a plugin's numbers come to. */
import type { Plugin, PluginVersion } from "../../api/types";
import type { Health } from "../../ui/parts";

export function serving(plugin: Plugin): PluginVersion | undefined {
  return plugin.versions.find(({ state }) => state === "serving") ?? plugin.versions[0];
}

export function total(
  plugin: Plugin,
  of: "requests" | "traps" | "deadlines" | "memory_bytes",
): number {
  return plugin.versions.reduce((sum, version) => sum + version[of], 0);
}

export function slowest(version: PluginVersion): PluginVersion["cost"][number] | undefined {
  return version.cost.toSorted((a, b) => (b.p99_us ?? 0) - (a.p99_us ?? 0))[0];
}

export function healthOf(plugin: Plugin): { health: Health; words: string } {
  const now = serving(plugin);
  const failed = now ? now.traps + now.deadlines : 0;
  const isUsed = plugin.places.some(({ enabled }) => enabled);
  if (plugin.signature?.not_trusted) return { health: "bad", words: "not trusted" };
  if (now && failed > 0 && failed >= now.requests / 100) return { health: "bad", words: "failing" };
  if (plugin.trouble) return { health: "warn", words: "trouble" };
  if (failed > 0) return { health: "warn", words: "has failed" };
  if (plugin.places.length === 0) return { health: "off", words: "not used" };
  if (!isUsed) return { health: "off", words: "switched off" };
  return now?.requests ? { health: "good", words: "serving" } : { health: "idle", words: "idle" };
}

/** `sha256:21818b2fa4ae…`, as much as tells them apart. */
export function short(digest: string): string {
  return digest.replace(/^(sha256:)?([0-9a-f]{12}).*$/, "$2");
}

/**
 * What was decided about a canary otherwise than by the configuration, in a sentence: by a call, or
 * by the gateway itself. `null` while it takes the share that is configured.
 */
export function decisionOf(stands: string): string | null {
  if (stands === "promoted") return "It was promoted by a call: it takes every request.";
  const why = /^rolled back: (.+)$/s.exec(stands)?.[1];
  if (why === undefined) return null;
  if (why === "by a call") return "It was rolled back by a call: it takes no request.";
  return `The gateway has rolled it back by itself, so it takes no request: ${why}.`;
}

/** Edits of the configuration that pages of plugins propose. */
import type { Edit, Path, Plugin } from "../../api/types";

/** A bundled plugin, first in every route. */
export function bundledEdits(name: string, routes: string[]): Edit[] {
  const value = { name, bundled: name, on_failure: "open" };
  return [
    { op: "insert", path: ["plugins"], value },
    ...routes.map((route): Edit => ({
      op: "insert",
      path: ["routes", { name: route }, "filters"],
      index: 0,
      value: { plugin: name },
    })),
  ];
}

export function useIn(name: string, route: string): Edit[] {
  return [{ op: "insert", path: ["routes", { name: route }, "filters"], value: { plugin: name } }];
}

export function switched(place: Plugin["places"][number], on: boolean): Edit[] {
  const path: Path = [...place.path, "disabled"];
  return [on ? { op: "remove", path } : { op: "set", path, value: true }];
}

export function share(plugin: Plugin, percent: number): Edit[] {
  return [{ op: "set", path: [...plugin.path, "canary", "percent"], value: percent }];
}

export function withoutCanary(plugin: Plugin): Edit[] {
  return [{ op: "remove", path: [...plugin.path, "canary"] }];
}

const SOURCES = ["bundled", "file", "oci", "url", "digest"];

/**
 * The canary's module becomes the plugin's own. `null` if what is written does not say where it
 * comes from.
 */
export function adopted(plugin: Plugin, written: Map<string, string>): Edit[] | null {
  const ofCanary = SOURCES.filter(key => written.has(`canary.${key}`));
  if (!ofCanary.some(key => key !== "digest")) return null;
  const set = ofCanary.map((key): Edit => {
    return { op: "set", path: [...plugin.path, key], value: written.get(`canary.${key}`) };
  });
  const gone = SOURCES.filter(key => written.has(key) && !ofCanary.includes(key));
  const remove = gone.map((key): Edit => ({ op: "remove", path: [...plugin.path, key] }));
  return [...set, ...remove, ...withoutCanary(plugin)];
}

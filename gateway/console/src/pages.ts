/** Which address shows which page. */
import type { ComponentType } from "preact";

import { Audit } from "./pages/audit";
import { Compare } from "./pages/compare";
import { Configuration, ConfigurationEditor } from "./pages/configuration";
import { Doctor } from "./pages/doctor";
import { Explain } from "./pages/explain";
import { GraphPage } from "./pages/graph";
import { Overview } from "./pages/overview";
import { Plugin } from "./pages/plugin";
import { Plugins } from "./pages/plugins";
import { Route } from "./pages/route";
import { Routes } from "./pages/routes";
import { Service } from "./pages/service";
import { Services } from "./pages/services";
import { SignIn } from "./pages/sign-in";
import { Trace } from "./pages/trace";
import { Traces } from "./pages/traces";

export interface PageProps {
  /** What stands in place of `:` in the address. */
  args: string[];
  query: URLSearchParams;
}

interface Known {
  address: string;
  Page: ComponentType<PageProps>;
  section: string;
}

export const PAGES: Known[] = [
  { address: "", Page: Overview, section: "overview" },
  { address: "graph", Page: GraphPage, section: "graph" },
  { address: "routes", Page: Routes, section: "routes" },
  { address: "routes/:", Page: Route, section: "routes" },
  { address: "services", Page: Services, section: "services" },
  { address: "services/:", Page: Service, section: "services" },
  { address: "traces", Page: Traces, section: "traces" },
  { address: "traces/compare", Page: Compare, section: "traces" },
  { address: "traces/:", Page: Trace, section: "traces" },
  { address: "doctor", Page: Doctor, section: "traces" },
  { address: "explain", Page: Explain, section: "explain" },
  { address: "plugins", Page: Plugins, section: "plugins" },
  { address: "plugins/:", Page: Plugin, section: "plugins" },
  { address: "configuration", Page: Configuration, section: "configuration" },
  { address: "configuration/editor", Page: ConfigurationEditor, section: "configuration" },
  { address: "configuration/:", Page: Configuration, section: "configuration" },
  { address: "audit", Page: Audit, section: "configuration" },
  { address: "sign-in", Page: SignIn, section: "" },
  { address: "sign-in/:", Page: SignIn, section: "" },
];

/** The page of an address; the overview for one that is not known. */
export function find(parts: string[]): Known & { args: string[] } {
  for (const known of PAGES) {
    const wanted = known.address === "" ? [] : known.address.split("/");
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((word, at) => word === ":" || word === parts[at])) continue;
    return { ...known, args: parts.filter((_, at) => wanted[at] === ":") };
  }
  return { ...(PAGES[0] as Known), args: [] };
}

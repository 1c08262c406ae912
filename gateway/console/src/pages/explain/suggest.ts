/** Requests worth asking about. */
import type { Address, RouteStatus } from "../../api/types";

const MOST = 6;

/** One for each route with a path, the addresses, and a path that nobody has thought of. */
export function examples(routes: RouteStatus[], addresses: Address[], base: string): string[] {
  const paths = routes.flatMap(route => {
    const path = pathOf(route);
    return path ? [withHost(path, route, base)] : [];
  });
  const urls = addresses.flatMap(address => (address.url ? [address.url] : []));
  const some = [...new Set(paths)].slice(0, MOST - 2);
  const curl = addresses[0]?.curl ?? `curl -i ${base}`;
  return [...new Set([...some, ...urls, "/no-such-page", curl])].slice(0, MOST);
}

/** Rules say `path starts with /api/staff`. */
function pathOf(route: RouteStatus): string | null {
  for (const rule of route.rules) {
    for (const words of rule.matches) {
      const path = /path[^/]*`?(\/[^\s`,;]*)/.exec(words)?.[1];
      if (path && path !== "/") return path;
    }
  }
  return null;
}

function withHost(path: string, route: RouteStatus, base: string): string {
  const host = route.hosts.find(host => !host.includes("*"));
  if (!host) return path;
  const port = /:(\d+)\/?$/.exec(base)?.[1];
  return `http://${host}${port ? `:${port}` : ""}${path}`;
}

import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Configuration({ args }: PageProps) {
  return <Page title={["Configuration", ...args].join(" ")} />;
}

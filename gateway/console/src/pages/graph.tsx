import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function GraphPage({ args }: PageProps) {
  return <Page title={["GraphPage", ...args].join(" ")} />;
}

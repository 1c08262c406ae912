import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Routes({ args }: PageProps) {
  return <Page title={["Routes", ...args].join(" ")} />;
}

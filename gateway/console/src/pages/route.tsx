import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Route({ args }: PageProps) {
  return <Page title={["Route", ...args].join(" ")} />;
}

import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Compare({ args }: PageProps) {
  return <Page title={["Compare", ...args].join(" ")} />;
}

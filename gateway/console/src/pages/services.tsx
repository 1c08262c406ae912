import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Services({ args }: PageProps) {
  return <Page title={["Services", ...args].join(" ")} />;
}

import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Plugins({ args }: PageProps) {
  return <Page title={["Plugins", ...args].join(" ")} />;
}

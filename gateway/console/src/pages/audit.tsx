import type { PageProps } from "../pages";
import { Page } from "../ui/parts";

export function Audit({ args }: PageProps) {
  return <Page title={["Audit", ...args].join(" ")} />;
}

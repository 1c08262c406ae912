/** A page with heavy parts, which are loaded when somebody wants to see it. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { PageProps } from "../../pages";
import { Loading, Page, Problem } from "../../ui/parts";

interface LazyProps extends PageProps {
  title: string;
  load: () => Promise<ComponentType<PageProps>>;
}

export function Lazy({ title, load, ...props }: LazyProps) {
  const [loaded, keep] = useState<{ Own: ComponentType<PageProps> } | null>(null);
  const [error, fail] = useState<unknown>(null);
  useEffect(() => void load().then(Own => keep({ Own }), fail), [load]);
  if (loaded) return <loaded.Own {...props} />;
  return (
    <Page title={title}>
      {error ? <Problem error={error} /> : <Loading what="Loading the editor" />}
    </Page>
  );
}

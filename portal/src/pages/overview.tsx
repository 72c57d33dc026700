import type { VNode } from '../kit.ts';
import { CommandLine, Empty, PageHead } from '../kit.ts';

/** The page that people see first. */
export function OverviewPage(): VNode {
  return (
    <>
      <PageHead title="Overview" />
      <Empty title="Push an image to begin.">
        <CommandLine text={`docker push ${location.host}/team/app:1.0`} />
      </Empty>
    </>
  );
}

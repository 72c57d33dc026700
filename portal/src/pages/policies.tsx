import type { VNode } from '../kit.ts';
import { linkTo, PageHead, Tabs, usePageQuery } from '../kit.ts';
import { Exceptions } from './policies/exceptions.tsx';
import { quarantineKind, trustKind } from './policies/kinds.tsx';
import { PolicyList } from './policies/list.tsx';
import { TrustedRoots } from './policies/roots.tsx';
import { scanKind } from './policies/scan-kind.tsx';

const views = [
  ['', 'Trust'],
  ['quarantine', 'Quarantine'],
  ['scan', 'Scanning'],
  ['exceptions', 'Exceptions'],
  ['roots', 'Trusted roots'],
] as const;

/** The policies that say what must be proven of an image before anybody pulls it. */
export function PoliciesPage(): VNode {
  const asked = usePageQuery().get('view');
  const view = views.find(([key]) => key === asked)?.[0] ?? '';
  const tabs = views.map(([key, label]) => ({ href: linkTo('/policies', { view: key }), label, isHere: key === view }));
  return (
    <>
      <PageHead title="Policies" />
      <Tabs label="Views of policies" tabs={tabs} />
      {view === 'roots' ? (
        <TrustedRoots />
      ) : view === 'exceptions' ? (
        <Exceptions />
      ) : view === 'scan' ? (
        <PolicyList key={view} kind={scanKind} />
      ) : view === 'quarantine' ? (
        <PolicyList key={view} kind={quarantineKind} />
      ) : (
        <PolicyList key={view} kind={trustKind} />
      )}
    </>
  );
}

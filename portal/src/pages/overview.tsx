import type { Schema, VNode } from '../kit.ts';
import { answered, api, CommandLine, Empty, Link, linkTo, PageHead, Show, useLoaded } from '../kit.ts';
import { Activity } from './overview/activity.tsx';
import { BuildsCard, HeldCard, PurgeCard, RegionsCard, WebhooksCard } from './overview/health.tsx';
import { RecentPushes } from './overview/recent.tsx';
import { Stored } from './overview/stored.tsx';

const everyMs = 30_000;

/** The page that people see first: what is stored, what is wrong, and what waits for somebody. */
export function OverviewPage(): VNode {
  const loaded = useLoaded('overview', (signal) => answered(api.GET('/overview', { signal })), { everyMs });
  return (
    <>
      <PageHead title="Overview" />
      <Show of={loaded}>{(overview) => <Cards of={overview} />}</Show>
    </>
  );
}

function Cards({ of }: { readonly of: Schema<'Overview'> }): VNode {
  const { unavailable, counts, webhooks, replication, builds, purge, held, activity, recentPushes } = of;
  return (
    <>
      {unavailable.length === 0 ? null : (
        <p class="failure" role="alert">
          {`Not everything could be read just now: ${unavailable.join(', ')}. It is asked for again.`}
        </p>
      )}
      {counts?.repositories === 0 ? (
        <Empty title="Nothing is stored yet. Push an image to begin:">
          <CommandLine text={`docker tag IMAGE ${location.host}/team/app:1.0`} what="the first command" />
          <CommandLine text={`docker push ${location.host}/team/app:1.0`} what="the second command" />
          <p>
            It shows in the <Link href={linkTo('/repositories')}>repositories</Link> at once, and here within seconds.
          </p>
        </Empty>
      ) : null}
      <div class="cards">
        <Stored of={of} />
        {activity === undefined ? null : <Activity of={activity} />}
        {webhooks === undefined ? null : <WebhooksCard of={webhooks} />}
        {builds === undefined ? null : <BuildsCard of={builds} />}
        {replication === undefined ? null : <RegionsCard of={replication} />}
        {held === undefined ? null : <HeldCard of={held} />}
        {purge === undefined ? null : <PurgeCard of={of} />}
        {recentPushes === undefined ? null : <RecentPushes of={recentPushes} />}
      </div>
    </>
  );
}

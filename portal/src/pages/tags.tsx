import type { VNode } from '../kit.ts';
import { Copy, Empty, linkToTags, PageHead, Search, Tabs, Text, usePageQuery } from '../kit.ts';
import { Manifests } from './tags/manifests.tsx';
import { Tags } from './tags/tags.tsx';

const views = [
  ['tags', 'Tags'],
  ['all', 'By digest'],
  ['untagged', 'Untagged'],
  ['referrers', 'Referrers'],
] as const;

/** The tags of a repository; its manifests are a switch away. */
export function TagsPage(): VNode {
  const query = usePageQuery();
  const repository = query.get('repository');
  if (repository === undefined)
    return (
      <>
        <PageHead title="Tags" />
        <Empty title="No repository is named. Search for one:">
          <Search id="search-here" />
        </Empty>
      </>
    );
  const view = views.find(([name]) => name === query.get('view'))?.[0] ?? 'tags';
  return (
    <>
      <PageHead title={`Tags of ${repository}`}>
        <Text of={repository} /> <Copy text={`${location.host}/${repository}`} what="the name of the repository" />
      </PageHead>
      <Tabs
        label="Views of the repository"
        tabs={views.map(([name, label]) => ({
          label,
          href: linkToTags(repository, { view: name === 'tags' ? undefined : name }),
          isHere: name === view,
        }))}
      />
      {view === 'tags' ? (
        <Tags key={repository} repository={repository} query={query} />
      ) : (
        <Manifests key={`${repository} ${view}`} repository={repository} kind={view} query={query} />
      )}
    </>
  );
}

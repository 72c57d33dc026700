import type { PageQuery, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  Badges,
  bulksEnded,
  Button,
  DeletionDialog,
  Empty,
  formatReference,
  Link,
  linkTo,
  linkToImage,
  linkToTags,
  PageHead,
  Search,
  Show,
  Tabs,
  Text,
  useLoaded,
  usePageQuery,
  useState,
  whyNot,
} from '../kit.ts';
import { Configuration } from './image/configuration.tsx';
import { Findings } from './image/findings.tsx';
import { Layers } from './image/layers.tsx';
import { Pulls } from './image/pulls.tsx';
import { Referrers } from './image/referrers.tsx';
import { Summary } from './image/summary.tsx';
import { useVerdict, VerdictCard } from './image/verdict.tsx';

const views = [
  ['summary', 'Summary'],
  ['layers', 'Layers and Dockerfile'],
  ['config', 'Configuration'],
  ['referrers', 'Referrers'],
  ['findings', 'Findings'],
  ['pulls', 'Pulls'],
] as const;

/** One image, index or artifact. */
export function ImagePage(): VNode {
  const query = usePageQuery();
  const [repository, reference] = [query.get('repository'), query.get('reference')];
  if (repository !== undefined && reference !== undefined)
    return (
      <NamedImage key={`${repository} ${reference}`} repository={repository} reference={reference} query={query} />
    );
  return (
    <>
      <PageHead title="Image" />
      <Empty title="No image is named. Paste a reference, such as team/app:1.0:">
        <Search id="search-here" />
      </Empty>
    </>
  );
}

interface NamedImageProps {
  readonly repository: string;
  readonly reference: string;
  readonly query: PageQuery;
}

function NamedImage({ repository, reference, query }: NamedImageProps): VNode {
  const asked = { repository, reference };
  const loaded = useLoaded(JSON.stringify([asked, bulksEnded.value]), (signal) =>
    answered(api.GET('/images', { params: { query: asked }, signal })),
  );
  const verdict = useVerdict(repository, reference);
  const view = views.find(([name]) => name === query.get('view'))?.[0] ?? 'summary';
  return (
    <>
      <PageHead
        title={formatReference(repository, reference)}
        actions={<Actions repository={repository} reference={reference} />}
      >
        <Link href={linkToTags(repository)}>
          <Text of={repository} />
        </Link>
        {reference.includes(':') ? '@' : ':'}
        <Text of={reference} />
      </PageHead>
      <Show of={loaded}>
        {(image) => (
          <>
            <Badges of={image.badges} />
            <VerdictCard of={verdict} repository={repository} onChange={loaded.reload} />
            {(image.unavailable ?? []).length === 0 ? null : (
              <p class="badge warn">
                These parts could not be read: <Text of={(image.unavailable ?? []).join(', ')} />. Ask again later.
              </p>
            )}
            <Tabs
              label="Views of the image"
              tabs={views.map(([name, label]) => ({
                label,
                href: linkToImage(repository, reference, { view: name === 'summary' ? undefined : name }),
                isHere: name === view,
              }))}
            />
            <View of={image} reference={reference} view={view} />
          </>
        )}
      </Show>
    </>
  );
}

interface ViewProps {
  readonly of: Schema<'Image'>;
  readonly reference: string;
  readonly view: (typeof views)[number][0];
}

function View({ of, reference, view }: ViewProps): VNode {
  switch (view) {
    case 'summary':
      return <Summary of={of} />;
    case 'layers':
      return <Layers of={of} />;
    case 'config':
      return <Configuration of={of} />;
    case 'referrers':
      return <Referrers of={of} />;
    case 'findings':
      return <Findings repository={of.repository} reference={reference} />;
    case 'pulls':
      return <Pulls repository={of.repository} reference={reference} />;
  }
}

function Actions({ repository, reference }: { readonly repository: string; readonly reference: string }): VNode {
  const [isAsked, setAsked] = useState(false);
  return (
    <>
      <Link class="button plain" href={linkTo('/compare', { from: formatReference(repository, reference) })}>
        Compare
      </Link>
      <Button kind="danger" onPress={() => setAsked(true)} disabledWhy={whyNot('management/write')}>
        Delete …
      </Button>
      {isAsked ? (
        <DeletionDialog
          repository={repository}
          reference={reference}
          onClose={() => setAsked(false)}
          onDelete={() => setAsked(false)}
        />
      ) : null}
    </>
  );
}

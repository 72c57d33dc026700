import type { VNode } from '../kit.ts';
import {
  answered,
  api,
  countOf,
  Digest,
  Empty,
  formatShare,
  Link,
  linkTo,
  linkToImage,
  PageHead,
  Show,
  Tabs,
  Text,
  TextField,
  useLoaded,
  usePageQuery,
  useState,
} from '../kit.ts';
import { Sources } from './bases/sources.tsx';
import { Upstreams } from './bases/upstreams.tsx';

type Bases = Awaited<ReturnType<typeof loadBases>>['bases'];

interface Tree {
  readonly image: string;
  readonly isCurrent?: boolean;
  readonly dependents: readonly Tree[];
}

async function loadBases(image: string, signal: AbortSignal) {
  const [bases, tree] = await Promise.all([
    answered(api.GET('/bases', { params: { query: { image } }, signal })),
    answered(api.GET('/bases/tree', { params: { query: { image } }, signal })),
  ]);
  return { bases, tree: tree as unknown as Tree };
}

const views = [
  ['', 'Images'],
  ['upstreams', 'Upstreams'],
  ['sources', 'Notifying registries'],
] as const;

/** The bases of images, and the other registries that bases come from. */
export function BasesPage(): VNode {
  const view = usePageQuery().get('view') ?? '';
  const tabs = views.map(([key, label]) => ({ href: linkTo('/bases', { view: key }), label, isHere: key === view }));
  return (
    <>
      <PageHead title="Bases" />
      <Tabs label="Views of bases" tabs={tabs} />
      {view === 'upstreams' ? <Upstreams /> : view === 'sources' ? <Sources /> : <Images />}
    </>
  );
}

/** The bases of an image, by which evidence, and the tree of all that is built on it. */
function Images(): VNode {
  const query = usePageQuery();
  const image = query.get('image');
  const [text, setText] = useState(image ?? '');
  return (
    <>
      <form
        class="bar"
        aria-label="The image"
        onSubmit={(event) => {
          event.preventDefault();
          query.set({ image: text || undefined });
        }}
      >
        <TextField label="Image" value={text} onValue={setText} placeholder="base:1" />
        <button type="submit" class="button primary">
          Show
        </button>
      </form>
      {image === undefined ? (
        <Empty title="Name an image.">
          <p>You see what it is built on, and everything that is built on it, to the last.</p>
        </Empty>
      ) : (
        <OfImage key={image} image={image} />
      )}
    </>
  );
}

function OfImage({ image }: { readonly image: string }): VNode {
  const loaded = useLoaded(`bases ${image}`, (signal) => loadBases(image, signal), { everyMs: 5_000 });
  return (
    <Show of={loaded}>
      {({ bases, tree }) => (
        <>
          <h2>Built on</h2>
          <BuiltOn of={bases} />
          <h2>{`${countOf(sizeOf(tree) - 1, 'image')} built on it`}</h2>
          {tree.dependents.length === 0 ? (
            <p>Nothing here is built on it, as far as is known.</p>
          ) : (
            <ul class="tree" aria-label="Dependents">
              <Branch of={tree} isRoot />
            </ul>
          )}
        </>
      )}
    </Show>
  );
}

function BuiltOn({ of: { bases, refused } }: { readonly of: Bases }): VNode {
  if (bases.length + refused.length === 0) return <p>No base of it is known.</p>;
  return (
    <ul class="cards levels">
      {bases.map(({ image, isCurrent, found }) => (
        <li key={image} class="card">
          <Link href={linkTo('/bases', { image })}>
            <Text of={image} />
          </Link>
          <p>
            <Currency of={isCurrent} />
          </p>
          {found.map(({ evidence, confidence, baseDigest, layers }) => (
            <p key={evidence}>
              <Text of={evidence} />
              {`, ${formatShare(confidence)} sure`}
              {layers === undefined ? '' : `, ${countOf(layers, 'layer')} in common`}{' '}
              {baseDigest === undefined ? null : <Digest of={baseDigest} />}
            </p>
          ))}
        </li>
      ))}
      {refused.map(({ base, path }) => (
        <li key={base} class="card">
          <p>
            <Text of={base} /> is not followed: the image would depend on itself, by <Text of={path.join(' → ')} />.
          </p>
        </li>
      ))}
    </ul>
  );
}

/** Says whether an image is built on what the tag of its base points at by now. */
function Currency({ of }: { readonly of: boolean | undefined }): VNode {
  return of === undefined ? (
    <span class="badge" title="No digest of its base is known, or the base is of another registry.">
      not known if up to date
    </span>
  ) : of ? (
    <span class="badge good">up to date</span>
  ) : (
    <span class="badge warn" title="The tag of the base points elsewhere by now.">
      outdated
    </span>
  );
}

function sizeOf({ dependents }: Tree): number {
  return dependents.reduce((sum, each) => sum + sizeOf(each), 1);
}

function Branch({
  of: { image, isCurrent, dependents },
  isRoot,
}: {
  readonly of: Tree;
  readonly isRoot?: boolean;
}): VNode {
  const [repository = '', tag = ''] = image.split(/:(?=[^/:]*$)/);
  const name = (
    <>
      <Link href={linkToImage(repository, tag)}>
        <Text of={image} />
      </Link>{' '}
      <Link href={linkTo('/bases', { image })} aria-label={`Bases of ${image}`}>
        ⤴
      </Link>{' '}
      {isRoot === true ? null : <Currency of={isCurrent} />}
    </>
  );
  // A summary acts when it is pressed, so it has no links in it.
  return (
    <li>
      {name}
      {dependents.length === 0 ? null : (
        <details open>
          <summary>{`${countOf(dependents.length, 'image')} on it`}</summary>
          <ul>
            {dependents.map((each) => (
              <Branch key={each.image} of={each} />
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

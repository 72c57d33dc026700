import type { Column, ManifestName, Schema, Selection, VNode } from '../kit.ts';
import {
  answered,
  api,
  Badge,
  Button,
  countOf,
  Empty,
  formatReference,
  isWhole,
  Link,
  linkTo,
  linkToImage,
  linkToTags,
  pageFrom,
  PageHead,
  Pager,
  placeIn,
  ReleaseDialog,
  shortDigest,
  Show,
  Table,
  Text,
  Time,
  useLoaded,
  usePageQuery,
  useSelection,
  useState,
  visibleText,
  whyNotRelease,
} from '../kit.ts';

type Held = Schema<'HeldImage'>;

const everyMs = 30_000;

/** The images that those who may only pull do not get: why, since when, and the way out. */
export function HeldPage(): VNode {
  const query = usePageQuery();
  const after = placeIn(query).continuation;
  const loaded = useLoaded(
    `held ${after ?? ''}`,
    (signal) => answered(api.GET('/verdicts/held', { params: { query: pageFrom(after) }, signal })),
    { everyMs },
  );
  const selection = useSelection();
  const [asked, setAsked] = useState<readonly ManifestName[]>();
  const opened = () => {
    selection.clear();
    loaded.reload();
  };
  return (
    <>
      <PageHead title="Held images" />
      <Show of={loaded}>
        {({ items, nextLink }) =>
          items.length === 0 && isWhole(query, nextLink) ? (
            <Empty title="No image is held.">
              <p>
                An image is held while it does not pass a <Link href={linkTo('/policies')}>policy</Link> that is
                enforced. Those who may only pull are refused until it passes, or somebody releases it.
              </p>
            </Empty>
          ) : (
            <>
              <Selected of={selection} onRelease={setAsked} />
              <Table
                label="Held images"
                columns={columnsOf((one) => setAsked([one]))}
                rows={byRepository(items)}
                keyOf={nameOf}
                selection={selection}
              />
              <Pager query={query} shown={items.length} total={undefined} nextLink={nextLink} />
            </>
          )
        }
      </Show>
      {asked === undefined ? null : <ReleaseDialog of={asked} onClose={() => setAsked(undefined)} onDone={opened} />}
    </>
  );
}

/** The registry lists them in no order: on each page those of one repository stand together. */
function byRepository(items: readonly Held[]): Held[] {
  return items.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

function nameOf({ repository, digest }: ManifestName): string {
  return formatReference(repository, digest);
}

interface SelectedProps {
  readonly of: Selection;
  readonly onRelease: (images: readonly ManifestName[]) => void;
}

/** Releases all that are selected, also on pages before. */
function Selected({ of, onRelease }: SelectedProps): VNode {
  const images = [...of.keys].map((key) => {
    const at = key.lastIndexOf('@');
    return { repository: key.slice(0, at), digest: key.slice(at + 1) };
  });
  const nothing = images.length === 0 ? 'Select images by their boxes first.' : undefined;
  const why = images.map(({ repository }) => whyNotRelease(repository)).find((each) => each !== undefined);
  return (
    <div class="actions">
      <Button disabledWhy={nothing ?? why} onPress={() => onRelease(images)}>
        Release those selected …
      </Button>
      <span role="status">{images.length === 0 ? '' : `${countOf(images.length, 'image')} selected`}</span>
    </div>
  );
}

function columnsOf(release: (one: ManifestName) => void): readonly Column<Held>[] {
  return [
    {
      name: 'image',
      head: 'Image',
      isHead: true,
      cell: ({ repository, digest }) => (
        <Link href={linkToImage(repository, digest)}>
          <code title={digest}>{shortDigest(digest)}</code>
        </Link>
      ),
    },
    {
      name: 'repository',
      head: 'Repository',
      cell: ({ repository }) => (
        <Link href={linkToTags(repository)}>
          <Text of={repository} />
        </Link>
      ),
    },
    { name: 'why', head: 'Held by', cell: (row) => <Reasons of={row} /> },
    { name: 'since', head: 'Since', cell: (row) => <Time at={objectionsOf(row)[0]?.at} /> },
    {
      name: 'release',
      head: 'Actions',
      cell: (row) => (
        <Button
          disabledWhy={whyNotRelease(row.repository)}
          label={`Release ${visibleText(formatReference(row.repository, shortDigest(row.digest)))}`}
          onPress={() => release(row)}
        >
          Release
        </Button>
      ),
    },
  ];
}

/** The judgements that hold it, the oldest first. */
function objectionsOf({ judgements }: Held) {
  return judgements
    .filter(({ state, mode }) => state !== 'passed' && mode === 'enforce')
    .filter(({ graceUntil }) => graceUntil === undefined || Date.parse(graceUntil) <= Date.now())
    .toSorted((one, other) => (one.at < other.at ? -1 : 1));
}

function Reasons({ of }: { readonly of: Held }): VNode {
  return (
    <>
      {objectionsOf(of).map(({ part, policies, reasons, state }) => (
        <p key={part}>
          <Badge looks={state === 'failed' ? 'bad' : 'warn'} title={state}>
            {part}
          </Badge>{' '}
          <Text of={policies.join(', ')} />: <Text of={reasons[0] ?? 'nothing is proven yet'} />
        </p>
      ))}
    </>
  );
}

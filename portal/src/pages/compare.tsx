import type { Column, PageQuery, Schema, VNode } from '../kit.ts';
import {
  answered,
  api,
  Badge,
  Bytes,
  Card,
  countOf,
  Digest,
  Empty,
  Facts,
  formatBytes,
  formatReference,
  given,
  Link,
  linkToImage,
  PageHead,
  parseReference,
  Show,
  Table,
  Text,
  useId,
  useLoaded,
  usePageQuery,
  useState,
} from '../kit.ts';

type Comparison = Schema<'ImageComparison'>;

/** Two images side by side: what their configs differ in, and what is to be pulled for who has the first. */
export function ComparePage(): VNode {
  const query = usePageQuery();
  const [from, to] = [query.get('from'), query.get('to')];
  return (
    <>
      <PageHead title="Compare" />
      <Chosen key={`${from ?? ''} ${to ?? ''}`} query={query} from={from ?? ''} to={to ?? ''} />
      {from === undefined || to === undefined ? (
        <Empty title="Name two images, such as team/app:1.0 and team/app:1.1." />
      ) : (
        <Compared from={from} to={to} query={query} />
      )}
    </>
  );
}

/** A host before the name is what people paste; the registry wants the name alone. */
function withoutHost(text: string): string {
  const found = parseReference(text);
  const reference = found?.digest ?? found?.tag;
  return found === undefined || reference === undefined ? text.trim() : formatReference(found.repository, reference);
}

function Chosen({ query, from, to }: { readonly query: PageQuery; readonly from: string; readonly to: string }): VNode {
  const [first, setFirst] = useState(from);
  const [second, setSecond] = useState(to);
  const compare = (a: string, b: string) =>
    query.set({ from: withoutHost(a) || undefined, to: withoutHost(b) || undefined, platform: undefined });
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        compare(first, second);
      }}
    >
      <Reference label="From" value={first} onValue={setFirst} />
      <Reference label="To" value={second} onValue={setSecond} />
      <button type="submit" class="button primary">
        Compare
      </button>
      <button type="button" class="button plain" onClick={() => compare(second, first)}>
        Swap
      </button>
    </form>
  );
}

interface ReferenceProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function Reference({ label, value, onValue }: ReferenceProps): VNode {
  const id = useId();
  return (
    <span class="reference">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        required
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder="team/app:1.0"
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </span>
  );
}

function Compared({
  from,
  to,
  query,
}: {
  readonly from: string;
  readonly to: string;
  readonly query: PageQuery;
}): VNode {
  const asked = given({ from, to, platform: query.get('platform') });
  const loaded = useLoaded(JSON.stringify(asked), (signal) =>
    answered(api.GET('/images/compare', { params: { query: asked }, signal })),
  );
  return (
    <Show of={loaded}>
      {(comparison) => (
        <>
          {comparison.platforms === undefined ? null : (
            <Platforms of={comparison.platforms} chosen={comparison.platform} query={query} />
          )}
          <Sides of={comparison} />
          <h2>Config</h2>
          <Config of={comparison} />
          <h2>Layers</h2>
          <LayerChanges of={comparison} />
        </>
      )}
    </Show>
  );
}

interface PlatformsProps {
  readonly of: readonly string[];
  readonly chosen: string | undefined;
  readonly query: PageQuery;
}

function Platforms({ of, chosen, query }: PlatformsProps): VNode {
  const id = useId();
  return (
    <div class="bar">
      <label for={id}>Platform</label>
      <select id={id} value={chosen} onChange={(event) => query.set({ platform: event.currentTarget.value })}>
        {of.map((platform) => (
          <option key={platform} value={platform}>
            {platform}
          </option>
        ))}
      </select>
    </div>
  );
}

function Sides({ of: { from, to, bytes, layers } }: { readonly of: Comparison }): VNode {
  const side = (image: Comparison['from'], size: number) => (
    <>
      <Link href={linkToImage(image.repository, image.reference)}>
        <Text of={formatReference(image.repository, image.reference)} />
      </Link>{' '}
      <Bytes of={size} /> <Digest of={image.manifest} />
    </>
  );
  return (
    <Card title="In short">
      <Facts
        of={[
          ['From', side(from, bytes.from)],
          ['To', side(to, bytes.to)],
          ['To pull', `${formatBytes(bytes.toPull)}, for who has the first and wants the second`],
          ['In common', `${formatBytes(bytes.common)} in ${countOf(layers.common.length, 'layer')}`],
        ]}
      />
      {from.manifest === to.manifest ? <p>Both are the same image.</p> : null}
    </Card>
  );
}

const looks = { added: 'good', removed: 'bad', changed: 'warn' } as const;

const changeColumns: readonly Column<Schema<'ConfigChange'>>[] = [
  { name: 'property', head: 'Property', isHead: true, cell: ({ property }) => <Text of={property} /> },
  { name: 'change', head: 'Change', cell: ({ change }) => <Badge looks={looks[change]}>{change}</Badge> },
  { name: 'from', head: 'From', cell: ({ from }) => (from === undefined ? null : <Text of={from} hasLines />) },
  { name: 'to', head: 'To', cell: ({ to }) => (to === undefined ? null : <Text of={to} hasLines />) },
];

function Config({ of: { config, configProblem } }: { readonly of: Comparison }): VNode {
  if (configProblem !== undefined)
    return (
      <p class="soft">
        <Text of={configProblem} />
      </p>
    );
  if (config.length === 0) return <p class="soft">Both say the same.</p>;
  return (
    <Table
      label="Differences of the configs"
      columns={changeColumns}
      rows={config}
      keyOf={({ property }) => property}
    />
  );
}

type Changed = Schema<'ComparedLayer'> & { readonly change: 'added' | 'removed'; readonly key: string };

const layerColumns: readonly Column<Changed>[] = [
  {
    name: 'instruction',
    head: 'Made by',
    isHead: true,
    cell: ({ instruction, digest }) => (
      <code>
        <Text of={instruction ?? digest} hasLines />
      </code>
    ),
  },
  { name: 'change', head: 'Change', cell: ({ change }) => <Badge looks={looks[change]}>{change}</Badge> },
  { name: 'size', head: 'Size, as pulled', isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  { name: 'digest', head: 'Digest', cell: ({ digest }) => <Digest of={digest} /> },
];

function LayerChanges({ of: { layers, more } }: { readonly of: Comparison }): VNode {
  const rows = [
    ...layers.added.map((layer, at): Changed => ({ ...layer, change: 'added', key: `added ${at}` })),
    ...layers.removed.map((layer, at): Changed => ({ ...layer, change: 'removed', key: `removed ${at}` })),
  ];
  return (
    <>
      {rows.length === 0 ? (
        <p class="soft">Both have the same.</p>
      ) : (
        <Table label="Differences of the layers" columns={layerColumns} rows={rows} keyOf={({ key }) => key} />
      )}
      {layers.same === undefined || layers.same.length === 0 ? null : (
        <p class="soft">{countOf(layers.same.length, 'layer')} have the same content, compressed differently.</p>
      )}
      {more === true ? <p class="soft">There are more differences than are shown.</p> : null}
    </>
  );
}

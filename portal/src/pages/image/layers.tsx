import type { Column, Schema, VNode } from '../../kit.ts';
import { Badge, Bytes, Card, Copy, Digest, Empty, formatNumber, Table, Text } from '../../kit.ts';

type Image = Schema<'Image'>;
type Layer = Image['layers'][number] & { readonly index: number };

const columns: readonly Column<Layer>[] = [
  { name: 'index', head: '#', isNumber: true, cell: ({ index }) => index + 1 },
  {
    name: 'instruction',
    head: 'Made by',
    isHead: true,
    cell: ({ instruction, title, mediaType }) => (
      <code>
        <Text of={instruction ?? title ?? mediaType} hasLines />
      </code>
    ),
  },
  { name: 'size', head: 'Size, as pulled', isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  {
    name: 'shared',
    head: 'Also in',
    cell: ({ inImages, inImagesIsAtLeast }) =>
      inImages === undefined || inImages === 0 ? null : (
        <Badge title="Other images of this registry with this layer">
          {`${inImagesIsAtLeast === true ? 'at least ' : ''}${formatNumber(inImages)} ${inImages === 1 ? 'image' : 'images'}`}
        </Badge>
      ),
  },
  { name: 'digest', head: 'Digest', cell: ({ digest }) => <Digest of={digest} /> },
];

/** The layers with what made each, and the whole history as a Dockerfile. */
export function Layers({
  of: { layers, dockerfile, historyProblem, platforms, more = [] },
}: {
  readonly of: Image;
}): VNode {
  if (layers.length === 0 && platforms.length > 0)
    return <Empty title="An index has no layers of its own. Open one of its platforms in the summary." />;
  return (
    <>
      {historyProblem === undefined ? null : (
        <p class="soft">
          <Text of={historyProblem} />
        </p>
      )}
      <Table
        label="Layers"
        columns={columns}
        rows={layers.map((layer, index) => ({ ...layer, index }))}
        keyOf={({ index }) => String(index)}
      />
      {more.includes('layers') ? <p class="soft">There are more layers than are shown.</p> : null}
      {dockerfile === undefined ? null : (
        <Card title="Dockerfile, as the history has it" actions={<Copy text={dockerfile} what="the Dockerfile" />}>
          <pre class="document" tabIndex={0} role="region" aria-label="Dockerfile">
            <Text of={dockerfile} hasLines />
          </pre>
        </Card>
      )}
    </>
  );
}

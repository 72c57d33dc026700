import type { Column, Schema, VNode } from '../../kit.ts';
import { Badge, Bytes, Empty, Link, linkToImage, shortDigest, Table, Text } from '../../kit.ts';

type Image = Schema<'Image'>;
type Referrer = Image['referrers'][number];

const kinds: Readonly<Record<string, string>> = {
  signature: 'signature',
  sbom: 'SBOM',
  attestation: 'attestation',
  soci: 'SOCI index',
  report: 'report',
};

function columnsOf({ repository, digest: own }: Image): readonly Column<Referrer>[] {
  return [
    {
      name: 'digest',
      head: 'Digest',
      isHead: true,
      cell: ({ digest }) => (
        <Link href={linkToImage(repository, digest)}>
          <code title={digest}>{shortDigest(digest)}</code>
        </Link>
      ),
    },
    {
      name: 'kind',
      head: 'Kind',
      cell: ({ kind }) => <Badge looks={kind === 'signature' ? 'good' : undefined}>{kinds[kind] ?? 'other'}</Badge>,
    },
    { name: 'type', head: 'Artifact type', cell: ({ artifactType }) => <Text of={artifactType} /> },
    {
      name: 'of',
      head: 'About',
      cell: ({ of }) =>
        of === own ? (
          'this'
        ) : (
          <Link href={linkToImage(repository, of)}>
            <code title={of}>{shortDigest(of)}</code>
          </Link>
        ),
    },
    { name: 'size', head: 'Manifest', isNumber: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  ];
}

/** Signatures, SBOMs and attestations of the image and of what it lists. */
export function Referrers({ of }: { readonly of: Image }): VNode {
  if (of.referrers.length === 0)
    return (
      <Empty title="Nothing refers to this image.">
        <p>
          A signature, an SBOM or an attestation shows here once it is pushed, as by cosign, notation or oras attach.
        </p>
      </Empty>
    );
  return (
    <>
      <Table label="Referrers" columns={columnsOf(of)} rows={of.referrers} keyOf={({ digest }) => digest} />
      {of.more?.includes('referrers') === true ? <p class="soft">There are more than are shown.</p> : null}
    </>
  );
}

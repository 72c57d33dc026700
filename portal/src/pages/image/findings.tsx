import type { Column, Schema, VNode } from '../../kit.ts';
import {
  answered,
  api,
  Badge,
  Card,
  countOf,
  Empty,
  Filter,
  formatDay,
  SelectField,
  shortDigest,
  Show,
  Table,
  Text,
  Time,
  useLoaded,
  useState,
} from '../../kit.ts';
import { shownFindings } from './findings-order.ts';

type OfImage = Schema<'ImageFindings'>;
type Finding = Schema<'Finding'>;

interface FindingsProps {
  readonly repository: string;
  readonly reference: string;
}

/** The vulnerabilities that the last reports name, of an index those of each image, with what takes each away. */
export function Findings({ repository, reference }: FindingsProps): VNode {
  const query = { repository, reference };
  const loaded = useLoaded(`findings ${JSON.stringify(query)}`, (signal) =>
    answered(api.GET('/images/findings', { params: { query }, signal })),
  );
  return (
    <Show of={loaded}>
      {({ images }) =>
        images.length === 0 ? (
          <Empty title="There is no image in it that could be scanned." />
        ) : (
          <>
            {images.map((each) => (
              <ImageFindings key={each.digest} of={each} />
            ))}
          </>
        )
      }
    </Show>
  );
}

const choices = [
  ['all', 'all'],
  ['fixable', 'those with a fix'],
  ['open', 'those that nothing takes away'],
] as const;

function ImageFindings({ of }: { readonly of: OfImage }): VNode {
  const [text, setText] = useState('');
  const [which, setWhich] = useState('all');
  const { digest, platform, findings, report, state, scan } = of;
  const name = platform ?? shortDigest(digest);
  const rows = shownFindings(findings, text, which);
  return (
    <Card title={`Findings of ${name}`}>
      {report === undefined ? (
        <p>
          {state === 'unscannable' ? 'No scanner can scan it.' : 'It waits for a report.'}{' '}
          {scan?.reason === undefined ? null : <Text of={scan.reason} />}
        </p>
      ) : (
        <>
          <p>
            <Text of={`${report.scanner.name} ${report.scanner.version}`} />, <Time at={report.scannedAt} />
            {report.scanner.databaseUpdatedAt === undefined ? null : (
              <>
                , database of <Time at={report.scanner.databaseUpdatedAt} />
              </>
            )}
            . {countOf(findings.length, 'finding')}
            {findings.length >= 1_000 ? ', the worst alone' : ''}.
          </p>
          {report.notes.map((each) => (
            <p key={each}>
              <Badge looks="warn">note</Badge> <Text of={each} />
            </p>
          ))}
          <div class="bar">
            <Filter
              label={`Filter the findings of ${name}`}
              hint="A part of a name or package"
              value={text}
              onFilter={setText}
            />
            <SelectField label="Show" value={which} options={choices} onValue={setWhich} />
          </div>
          {rows.length === 0 ? (
            <p>{findings.length === 0 ? 'Nothing was found.' : 'No finding matches.'}</p>
          ) : (
            <Table label={`Findings of ${name}`} columns={columns} rows={rows} keyOf={keyOf} />
          )}
        </>
      )}
    </Card>
  );
}

function keyOf({ id, package: name, purl, version }: Finding): string {
  return JSON.stringify([id, name, purl, version]);
}

const looks: Readonly<Record<string, 'bad' | 'warn'>> = { critical: 'bad', high: 'bad', medium: 'warn' };

const columns: readonly Column<Finding>[] = [
  { name: 'id', head: 'Vulnerability', isHead: true, cell: ({ id }) => <Text of={id} /> },
  {
    name: 'severity',
    head: 'Severity',
    cell: ({ severity, cvss }) => (
      <>
        <Badge looks={looks[severity]}>{severity}</Badge>
        {cvss === undefined ? '' : ` ${cvss}`}
      </>
    ),
  },
  { name: 'package', head: 'Package', cell: (one) => <Text of={`${one.package} ${one.version}`} /> },
  { name: 'fix', head: 'Fixed in', cell: ({ fixedIn }) => (fixedIn === undefined ? '–' : <Text of={fixedIn} />) },
  { name: 'taken', head: 'Taken away by', cell: ({ taken }) => (taken === undefined ? '–' : <Taken of={taken} />) },
];

function Taken({ of }: { readonly of: NonNullable<Finding['taken']> }): VNode {
  const { by, exception, expiresAt, owner, reason, policy } = of;
  return (
    <>
      <Badge looks="good">{by === 'vex' ? 'VEX' : 'exception'}</Badge> <Text of={exception ?? policy ?? ''} />
      {owner === undefined ? null : (
        <>
          {' '}
          of <Text of={owner} />
        </>
      )}
      {expiresAt === undefined ? '' : ` until ${formatDay(expiresAt)}`}: <Text of={reason} />
    </>
  );
}

import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AzureDocuments } from '../../shared/adapters/azure/documents.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import type { VersionedDocument } from '../../shared/core/ports/documents.ts';

/** Two partition key ranges with their documents, in the order of `n`. */
const ranges = [
  { id: '0', minInclusive: '', maxExclusive: '1F', values: [1, 4, 5] },
  { id: '1', minInclusive: '1F', maxExclusive: 'FF', values: [2, 3, 6] },
];

const plan = {
  partitionedQueryExecutionInfoVersion: 2,
  queryInfo: {
    distinctType: 'None',
    orderBy: ['Ascending'],
    orderByExpressions: ['c["n"]'],
    groupByExpressions: [],
    groupByAliases: [],
    aggregates: [],
    groupByAliasToAggregateType: {},
    hasSelectValue: false,
    rewrittenQuery:
      'SELECT c._rid, [{"item": c["n"]}] AS orderByItems, c AS payload FROM c WHERE ' +
      '{documentdb-formattableorderbyquery-filter} ORDER BY c["n"] ASC',
  },
  queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
};

/**
 * `filter` is what the SDK puts into the rewritten query: nothing on the first page, `c["n"] > 3` behind a document.
 */
function rangePage({ id, values }: (typeof ranges)[number], query: string) {
  const [, operator, bound] = /c\["n"\] (>=?) (\d+)/.exec(query) ?? [];
  const wanted = values.filter(
    (n) => bound === undefined || n > Number(bound) || (operator === '>=' && n === Number(bound)),
  );
  const Documents = wanted.map((n) => ({
    _rid: `rid${id}${n}`,
    orderByItems: [{ item: n }],
    payload: { id: `d${n}`, registry: 'r', repository: `a${id}`, n, _etag: `"${n}"`, _rid: `rid${id}${n}` },
  }));
  return { _rid: 'c', Documents, _count: Documents.length };
}

/**
 * Answers the SDK as the gateway of an account with two physical partitions does, as far as one ordered query needs it.
 */
function answerTo(request: IncomingMessage, query: string, endpoint: string): readonly [status: number, body: object] {
  const location = { name: 'Local', databaseAccountEndpoint: endpoint };
  const { pathname } = new URL(request.url ?? '/', endpoint);
  if (pathname === '/')
    return [
      200,
      { id: 'a', _rid: 'a', writableLocations: [location], readableLocations: [location], userConsistencyPolicy: {} },
    ];
  if (pathname.endsWith('/pkranges')) return [200, { _rid: 'c', PartitionKeyRanges: ranges, _count: 2 }];
  if (pathname.endsWith('/colls/repositories'))
    return [
      200,
      {
        id: 'repositories',
        _rid: 'c',
        partitionKey: { paths: ['/registry', '/repository'], kind: 'MultiHash', version: 2 },
      },
    ];
  if (request.headers['x-ms-cosmos-is-query-plan-request'] !== undefined) return [200, plan];
  const range = ranges.find(({ id }) => request.headers['x-ms-documentdb-partitionkeyrangeid'] === id);
  if (range !== undefined) return [200, rangePage(range, query)];
  return [
    400,
    {
      code: 'BadRequest',
      message: 'Cross partition query only supports streamable queries',
      additionalErrorInfo: '{}',
    },
  ];
}

describe('an ordered query that the gateway leaves to the SDK', () => {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    void text(request).then((body) => {
      const query = body === '' ? '' : (JSON.parse(body) as { query: string }).query;
      const [status, answer] = answerTo(request, query, `http://127.0.0.1:${port}/`);
      response.writeHead(status, { 'content-type': 'application/json', etag: '"1"' }).end(JSON.stringify(answer));
    });
  });
  let documents: AzureDocuments;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    documents = azureDocuments({ endpoint, key: Buffer.alloc(64).toString('base64'), database: 'd' });
  });
  afterAll(async () => {
    documents.dispose();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is merged over the partitions, page by page, each document once and in order', async () => {
    const query = {
      container: 'repositories',
      partition: ['r'],
      where: [],
      orderBy: { path: 'n', direction: 'asc' },
      limit: 2,
    } as const;
    const found: VersionedDocument[] = [];
    let continuation: string | undefined;
    let pages = 0;
    do {
      const page = await documents.queryDocuments({
        ...query,
        ...(continuation === undefined ? {} : { continuation }),
      });
      expect(page.documents.length).toBeLessThanOrEqual(2);
      found.push(...page.documents);
      ({ continuation } = page);
      pages += 1;
    } while (continuation !== undefined && pages < 10);
    expect(found.map(({ document }) => document['n'])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(found[0]).toEqual({ document: { id: 'd1', registry: 'r', repository: 'a0', n: 1 }, etag: '"1"' });
    expect(continuation).toBeUndefined();
  });
});

import type { Ground, WrongRequest } from './request-row.ts';
import { absent } from './request-row.ts';

const badNames = [
  'A',
  'Team/app',
  '-a',
  'a-',
  '_a',
  '.a',
  'a..b',
  'a___b',
  'a._b',
  'a//b',
  'a/',
  '/a',
  'a%20b',
  '%C3%A4',
  '%41',
  '%2F',
  'a%2F',
  '%2Fa',
  'a%2F%2Fb',
  'a%252Fb',
  '%2561',
  'a%00b',
  '%zz',
  '%',
  'a:b',
  'a@b',
  'a'.repeat(256),
  `${'a/'.repeat(200)}a`,
];
const badTags = ['.x', '-x', 'x'.repeat(129), 'a%20b', '%C3%A4', 'a@b', 'a+b', 'a%2Fb', '%', '%zz', '%E0%A4', '%00'];
const badDigests = [
  'sha256:',
  'sha256:abc',
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'a'.repeat(65)}`,
  `sha512:${'a'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `SHA256:${'a'.repeat(64)}`,
  ':',
  'sha256:%zz',
  `sha256:${'a'.repeat(64)}%00`,
  `sha256:${'a'.repeat(64)}:b`,
];
const short = (text: string) => (text.length > 40 ? `${text.slice(0, 20)}… (${text.length})` : text);

function names(): WrongRequest[] {
  const endpoints = [
    ['GET', `manifests/v1`],
    ['GET', `blobs/${absent}`],
    ['POST', 'blobs/uploads/'],
    ['GET', 'tags/list'],
    ['GET', `referrers/${absent}`],
  ] as const;
  const rows = badNames.flatMap((name) =>
    endpoints.map(([method, end]) => ({ why: `the name ${short(name)}`, method, path: `/v2/${name}/${end}` })),
  );
  const without = ['/v2/manifests/v1', '/v2//manifests/v1', '/v2/tags/list', `/v2/blobs/${absent}`].map((path) => ({
    why: 'no name',
    method: 'GET',
    path,
  }));
  return [...rows, ...without].map((row) => ({ ...row, status: 400, code: 'NAME_INVALID' }));
}

function references({ repository }: Ground): WrongRequest[] {
  // A read with a wrong name is a 404: the conformance suite of the specification asks for `.INVALID_MANIFEST_NAME` and
  // expects it.
  const answers = {
    GET: [404, 'MANIFEST_UNKNOWN'],
    HEAD: [404, 'MANIFEST_UNKNOWN'],
    PUT: [400, 'TAG_INVALID'],
    DELETE: [400, 'TAG_INVALID'],
  } as const;
  const tags = badTags.flatMap((tag) =>
    Object.entries(answers).map(([method, [status, code]]) => ({
      why: `the tag ${short(tag)}`,
      method,
      path: `/v2/${repository}/manifests/${tag}`,
      status,
      code,
    })),
  );
  const ends = [
    ['GET', 'manifests'],
    ['PUT', 'manifests'],
    ['DELETE', 'manifests'],
    ['GET', 'blobs'],
    ['DELETE', 'blobs'],
    ['GET', 'referrers'],
  ] as const;
  const digests = badDigests.flatMap((digest) =>
    ends.map(([method, end]) => ({
      why: `the digest ${short(digest)}`,
      method,
      path: `/v2/${repository}/${end}/${digest}`,
      status: 400,
      code: 'DIGEST_INVALID',
    })),
  );
  const plain = ['blobs', 'referrers'].map((end) => ({
    why: 'a tag for a digest',
    method: 'GET',
    path: `/v2/${repository}/${end}/latest`,
    status: 400,
    code: 'DIGEST_INVALID',
  }));
  return [...tags, ...digests, ...plain];
}

function unknowns({ repository }: Ground): WrongRequest[] {
  const row = (method: string, path: string, code: string) => ({
    why: 'nothing is there',
    method,
    path,
    status: 404,
    code,
  });
  return [
    row('GET', `/v2/${repository}/manifests/never`, 'MANIFEST_UNKNOWN'),
    row('HEAD', `/v2/${repository}/manifests/${absent}`, 'MANIFEST_UNKNOWN'),
    row('DELETE', `/v2/${repository}/manifests/never`, 'MANIFEST_UNKNOWN'),
    row('DELETE', `/v2/${repository}/manifests/${absent}`, 'MANIFEST_UNKNOWN'),
    row('GET', '/v2/nobody/manifests/v1', 'MANIFEST_UNKNOWN'),
    row('GET', `/v2/${repository}/blobs/${absent}`, 'BLOB_UNKNOWN'),
    row('HEAD', `/v2/${repository}/blobs/${absent}`, 'BLOB_UNKNOWN'),
    row('DELETE', `/v2/${repository}/blobs/${absent}`, 'BLOB_UNKNOWN'),
    row('GET', '/v2/nobody/tags/list', 'NAME_UNKNOWN'),
    row('GET', '/v2/nobody/tags/list?last=x', 'NAME_UNKNOWN'),
    ...[
      '/v1/',
      '/v3/',
      '/v2x',
      '/v2/x',
      `/v2/${repository}`,
      `/v2/${repository}/manifests`,
      `/v2/${repository}/blobs`,
      `/v2/${repository}/tags`,
      `/v2/${repository}/tags/other`,
      `/v2/${repository}/tags/list/`,
      `/v2/${repository}/referrers`,
      `/v2/${repository}/manifests/v1/`,
      '//v2/',
      '/v2/../v3',
      '/v2/team%2Fapp',
    ].map((path) => row('GET', path, 'NOT_FOUND')),
  ];
}

function verbs({ repository, blob, upload }: Ground): WrongRequest[] {
  const allowed: readonly (readonly [string, readonly string[]])[] = [
    ['/v2/', ['GET', 'HEAD']],
    [`/v2/${repository}/manifests/v1`, ['GET', 'HEAD', 'PUT', 'DELETE']],
    [`/v2/${repository}/blobs/${blob.digest}`, ['GET', 'HEAD', 'DELETE']],
    [`/v2/${repository}/blobs/uploads/`, ['POST']],
    [upload, ['GET', 'PATCH', 'PUT', 'DELETE']],
    [`/v2/${repository}/tags/list`, ['GET']],
    [`/v2/${repository}/referrers/${absent}`, ['GET']],
  ];
  const every = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  return allowed.flatMap(([path, allow]) =>
    every
      .filter((method) => !allow.includes(method))
      .map((method) => ({
        why: 'the verb',
        method,
        path,
        status: 405,
        code: 'UNSUPPORTED',
        answers: { allow: allow.join(', ') },
      })),
  );
}

function queries({ repository, blob }: Ground): WrongRequest[] {
  const pages = ['-1', 'abc', '1.5', '1e3', '99999999999999999999', '0x10', '%20', '+1'];
  const lists = [`/v2/${repository}/tags/list`, `/v2/${repository}/referrers/${absent}`];
  const ranges = [
    `bytes=${blob.size}-`,
    `bytes=${blob.size + 1}-${blob.size + 5}`,
    'bytes=9-3',
    'bytes=-0',
    'bytes=999999999999-',
  ];
  return [
    ...lists.flatMap((path) =>
      pages.map((n) => ({
        why: `n=${n}`,
        method: 'GET',
        path: `${path}?n=${n}`,
        status: 400,
        code: 'PAGINATION_NUMBER_INVALID',
      })),
    ),
    {
      why: 'last is no digest',
      method: 'GET',
      path: `/v2/${repository}/referrers/${absent}?last=latest`,
      status: 400,
      code: 'DIGEST_INVALID',
    },
    ...ranges.map((range) => ({
      why: `Range ${range}`,
      method: 'GET',
      path: `/v2/${repository}/blobs/${blob.digest}`,
      headers: { range },
      status: 416,
      code: 'RANGE_INVALID',
      answers: { 'content-range': `bytes */${blob.size}` },
    })),
  ];
}

export function wrongRoutes(ground: Ground): WrongRequest[] {
  return [...names(), ...references(ground), ...unknowns(ground), ...verbs(ground), ...queries(ground)];
}

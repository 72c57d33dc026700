import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import { withDigest } from '../../../image.ts';
import type { Ground, WrongRequest } from './request-row.ts';
import { absent } from './request-row.ts';

/** Sends some bytes and goes away. */
export function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('{"schemaVersion": 2')),
    pull: (controller) => controller.error(new Error('the client went away')),
  });
}

function starts({ repository }: Ground): WrongRequest[] {
  const path = `/v2/${repository}/blobs/uploads/`;
  const row = (why: string, query: string, code: string, body?: string): WrongRequest => ({
    why,
    method: 'POST',
    path: `${path}?${query}`,
    ...(body === undefined ? {} : { body }),
    status: 400,
    code,
  });
  return [
    row('a digest that is none', 'digest=sha256:x', 'DIGEST_INVALID', 'bytes'),
    row('an empty digest', 'digest=', 'DIGEST_INVALID', 'bytes'),
    row('the digest of other bytes', `digest=${absent}`, 'DIGEST_INVALID', 'bytes'),
    row('the digest of other bytes, none sent', `digest=${absent}`, 'DIGEST_INVALID'),
    row('an unknown algorithm', 'digest-algorithm=md5', 'DIGEST_INVALID'),
    row('an inherited property for an algorithm', 'digest-algorithm=constructor', 'DIGEST_INVALID'),
    row('a mount of no digest', 'mount=latest', 'DIGEST_INVALID'),
    row('a mount of no digest from somewhere', `mount=sha256:x&from=${repository}`, 'DIGEST_INVALID'),
    row('a mount from no name', `mount=${absent}&from=Not/A/Name`, 'NAME_INVALID'),
    row('a mount from an empty name', `mount=${absent}&from=`, 'NAME_INVALID'),
    row('a mount from a name too long', `mount=${absent}&from=${'a'.repeat(300)}`, 'NAME_INVALID'),
    {
      why: 'a body that breaks off',
      method: 'POST',
      path: `${path}?digest=${absent}`,
      body: brokenBody(),
      status: 400,
      code: 'BLOB_UPLOAD_INVALID',
    },
  ];
}

function urls({ badUploads }: Ground): WrongRequest[] {
  return Object.entries(badUploads).flatMap(([why, path]) =>
    [['GET'], ['PATCH', 'bytes'], ['PUT', 'bytes'], ['DELETE']].map(([method = '', body]) => ({
      why,
      method,
      path: method === 'PUT' ? withDigest(path, digestOf(Buffer.from('bytes'))) : path,
      ...(body === undefined ? {} : { body }),
      status: 404,
      code: 'BLOB_UPLOAD_UNKNOWN',
    })),
  );
}

/** The upload stands at ten bytes. */
function ranges({ upload }: Ground): WrongRequest[] {
  const outOfOrder = ['0-9', '5-14', '9-18', '11-20', '100-109', '999999999999-1000000000008'];
  const malformed = [
    'abc',
    '10-',
    '-10',
    '19-10',
    'bytes',
    '10-19-20',
    '1e1-19',
    '10 - 19',
    'bytes 10-19/x',
    '',
    '9999999999999999-10000000000000008',
  ];
  const answers = { range: '0-9' };
  return [...outOfOrder, ...malformed].flatMap((range) =>
    ['PATCH', 'PUT'].map((method) => ({
      why: `Content-Range ${range}`,
      method,
      path: method === 'PUT' ? withDigest(upload, absent) : upload,
      body: 'ten bytes.',
      headers: { 'content-range': range },
      status: 416,
      code: 'RANGE_INVALID',
      answers,
    })),
  );
}

function lengths({ upload, repository }: Ground): WrongRequest[] {
  const row = (why: string, headers: Record<string, string>, status = 400): WrongRequest => ({
    why,
    method: 'PATCH',
    path: upload,
    body: 'ten bytes.',
    headers,
    status,
    code: 'SIZE_INVALID',
  });
  return [
    row('a longer body than Content-Range says', { 'content-range': '10-12' }),
    row('a shorter body than Content-Range says', { 'content-range': '10-99' }),
    row("a Content-Length that is not Content-Range's", { 'content-range': '10-19', 'content-length': '3' }),
    row('a shorter body than Content-Length says', { 'content-length': '100' }),
    row('a longer body than Content-Length says', { 'content-length': '3' }),
    ...['abc', '-1', '1.5', '0x10', '1e3', '99999999999999999999'].map((length) =>
      row(`Content-Length ${length}`, { 'content-length': length }),
    ),
    row('more than a blob may have', { 'content-length': '999999999999999' }, 413),
    row('more than a blob may have, by its range', { 'content-range': '10-999999999999999' }, 413),
    {
      why: 'a longer body than Content-Length says',
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/?digest=${absent}`,
      body: 'ten bytes.',
      headers: { 'content-length': '3' },
      status: 400,
      code: 'SIZE_INVALID',
    },
  ];
}

function ends({ upload }: Ground): WrongRequest[] {
  const row = (why: string, path: string): WrongRequest => ({
    why,
    method: 'PUT',
    path,
    status: 400,
    code: 'DIGEST_INVALID',
  });
  return [
    row('no digest', upload),
    row('an empty digest', withDigest(upload, '')),
    row('a digest that is none', withDigest(upload, 'latest')),
    row('the digest of other bytes', withDigest(upload, absent)),
    row('the sha512 of other bytes', withDigest(upload, `sha512:${'0'.repeat(128)}`)),
    { ...row('a body that breaks off', withDigest(upload, absent)), body: brokenBody(), code: 'BLOB_UPLOAD_INVALID' },
    {
      why: 'a body that breaks off',
      method: 'PATCH',
      path: upload,
      body: brokenBody(),
      status: 400,
      code: 'BLOB_UPLOAD_INVALID',
    },
  ];
}

export function wrongUploads(ground: Ground): WrongRequest[] {
  return [...starts(ground), ...urls(ground), ...ranges(ground), ...lengths(ground), ...ends(ground)];
}

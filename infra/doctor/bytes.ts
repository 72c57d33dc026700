import { randomBytes } from 'node:crypto';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { ask, authorizationOf, pushBlob, repository, startUpload } from '../deploy/client.ts';
import type { Finding, Patient } from './finding.ts';
import { careful, failed, ok } from './finding.ts';

const mebibyte = 1024 ** 2;
const sizes = [1, 4, 32, 128, 512];

/** Uploads bodies of growing size, each in one request, as docker sends a layer. Nothing of them is kept. */
export async function checkUploads({ origin, password, call, largest }: Patient): Promise<Finding> {
  let [passed, took] = [0, 0];
  let isFunctionsHost = false;
  for (const size of sizes.filter((each) => each <= largest)) {
    const upload = await startUpload(call, origin);
    const began = performance.now();
    const answer = await ask(upload.href, {
      method: 'PATCH',
      body: Buffer.alloc(size * mebibyte),
      headers: {
        'content-type': 'application/octet-stream',
        ...(upload.origin === origin ? authorizationOf(password) : {}),
      },
    });
    took = (performance.now() - began) / 1_000;
    await call('DELETE of an upload', new URL(answer.headers.get('location') ?? upload.href, origin).href, [204, 404], {
      method: 'DELETE',
    }).catch(() => undefined);
    if (answer.status !== 202)
      return failed(
        `a body of ${size} MiB is answered with ${answer.status}; ${passed === 0 ? 'none passed' : `${passed} MiB passed`}`,
        nextFor(answer.status),
      );
    passed = size;
    // The header is the Functions host's own, which received the body itself.
    isFunctionsHost ||= answer.headers.has('x-ms-invocation-id');
  }
  const said = `${passed} MiB in one request, at ${(passed / took).toFixed(0)} MiB/s from here`;
  return isFunctionsHost ? careful(`${said}; the Functions host receives uploads itself`, functionsAlone) : ok(said);
}

const functionsAlone =
  'its host holds a body in memory four times, so it accepts one of at most a sixth of that ' +
  'memory (341 MiB of 2 GiB), and six of 100 MiB at once may end the instance: if layers are ' +
  'large, let a container app receive uploads (dataPlane)';

function nextFor(status: number): string {
  if (status === 500)
    return (
      "read the app's failures for that request; if there is none, the body was larger than " +
      'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT of the Function App, which its memory allows: let a ' +
      'container app receive uploads (dataPlane)'
    );
  if (status === 413)
    return (
      'a proxy before the app has a limit of its own: raise FUNCTIONS_REQUEST_BODY_SIZE_LIMIT of the ' +
      "Function App, or the proxy's limit; or let a container app receive uploads (dataPlane)"
    );
  if (status === 504)
    return (
      'it took longer than the proxy before the app waits: let a container app receive uploads ' +
      '(dataPlane), or test from a nearer machine'
    );
  return "read the app's failures for that request";
}

/** Checks that a blob comes back by its redirect, whole and in part, as clients that resume read it. */
export async function checkDownloads({ origin, call }: Patient): Promise<Finding> {
  const bytes = randomBytes(64 * 1024);
  const blob = `${origin}/v2/${repository}/blobs/${digestOf(bytes)}`;
  await pushBlob(call, origin, bytes);
  try {
    const answer = await call('GET of a blob', blob, [200, 302, 307], { redirect: 'manual' });
    const location = answer.headers.get('location');
    const where = location === null ? blob : new URL(location, origin).href;
    const read = (headers: Record<string, string>) =>
      location === null ? call('GET of a blob', blob, [200, 206], { headers }) : ask(where, { headers });
    const whole = await read({});
    if (whole.status !== 200)
      return failed(
        `${new URL(where).host}, which stores the blobs, answers ${whole.status}`,
        'signed addresses need the role Storage Blob Delegator, clocks that agree, and a network that lets ' +
          'clients reach the account (ipRules, private endpoints)',
      );
    if (digestOf(Buffer.from(await whole.arrayBuffer())) !== digestOf(bytes))
      return failed(
        'a blob is returned with other bytes',
        'a proxy in between changes bodies: find one that recodes, or a cache',
      );
    const part = await read({ range: 'bytes=100-199' });
    if (part.status !== 206 || !Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200)))
      return failed(
        `a part of a blob is answered with ${part.status}`,
        'proxies before the app must pass the header Range on: clients resume downloads by it',
      );
    return ok(
      location === null
        ? 'blobs come through the app, whole and in part'
        : `blobs come from ${new URL(where).host}, whole and in part`,
    );
  } finally {
    await call('DELETE of a blob', blob, [202, 404, 405], { method: 'DELETE' });
  }
}

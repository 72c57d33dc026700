import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { bundleToJSON } from '@sigstore/bundle';
import { fulcioHandler } from '@sigstore/mock/dist/fulcio/index.js';
import { initializeTLog, rekorHandler } from '@sigstore/mock/dist/rekor/index.js';
import { tsaHandler } from '@sigstore/mock/dist/timestamp/index.js';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from '@sigstore/sign';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sigstoreIdentitySchema } from '../../../../../shared/features/trust/sigstore/authority.ts';
import { verifySigstore } from '../../../../../shared/features/trust/sigstore/verify.ts';
import type { Instance } from './instance.ts';
import { githubIssuer, startInstance, statementType, trustOf } from './instance.ts';
import { bundleCandidate, manifest, statementOf } from './signatures.ts';

let instance: Instance;
let server: Server;
let baseURL: string;

/** Serves the authority, the log and the timestamps of an instance, as sigstore's own signer asks them. */
beforeAll(async () => {
  instance = await startInstance();
  const log = await initializeTLog('https://log.example', instance.log.keyPair);
  const handlers = [fulcioHandler(instance.ca), rekorHandler(log), tsaHandler(instance.tsa)];
  server = createServer((request, response) => {
    void (async () => {
      const handler = handlers.find(({ path }) => path === request.url);
      const answer = await handler?.fn(await text(request));
      response.writeHead(answer?.statusCode ?? 404, { 'content-type': answer?.contentType ?? 'text/plain' });
      response.end(answer?.response);
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
const token = `${part({ alg: 'none' })}.${part({ sub: subject, iss: githubIssuer, ref: 'refs/heads/main' })}.${part({})}`;

describe("a bundle that sigstore's own signer made", () => {
  it('is verified, with its log and its timestamp', async () => {
    const quick = { retry: { retries: 0 }, timeout: 10_000 };
    const builder = new DSSEBundleBuilder({
      signer: new FulcioSigner({
        fulcioBaseURL: baseURL,
        identityProvider: { getToken: () => Promise.resolve(token) },
        ...quick,
      }),
      witnesses: [
        new RekorWitness({ rekorBaseURL: baseURL, entryType: 'intoto', ...quick }),
        new TSAWitness({ tsaBaseURL: baseURL, ...quick }),
      ],
    });
    const bundle = bundleToJSON(await builder.create({ data: statementOf(), type: statementType }));
    const authority = sigstoreIdentitySchema.parse({
      name: 'own',
      issuer: githubIssuer,
      subject: 'https://github.com/acme/app/**',
      claims: { ref: 'refs/heads/main' },
    });
    const judged = (trust = instance.trust) =>
      verifySigstore(
        bundleCandidate(bundle),
        { is: 'identity', ...authority },
        trust,
        manifest,
        new Date(Date.now() + 60_000),
      );
    expect(await judged()).toMatchObject({ is: 'verified', signer: { name: subject, issuer: githubIssuer } });
    const other = await startInstance();
    expect(await judged(trustOf({ ...instance.root, tlogs: other.root['tlogs'] }))).toMatchObject({ is: 'refused' });
  });
});

import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { regionNames } from '../shared/core/regions/composed.ts';
import { replicating } from '../shared/features/replication/replicating.ts';
import { makeImage, pushImage } from '../shared/image.ts';
import { json } from './manifests.ts';

const repository = 'team/app';
const hex = ({ digest }: { digest: string }) => digest.slice('sha256:'.length);

async function stateIn(app: Parameters<typeof json>[0], region: string, query: string): Promise<string | undefined> {
  const { body } = await json(app, 'GET', `/api/v1/replication/status?repository=${repository}&${query}`);
  return (body.regions as { region: string; state: string }[]).find((each) => each.region === region)?.state;
}

describe('a replica that takes only some tags', () => {
  it('says of what it leaves out that it is filtered, and takes referrers and signatures along, in whatever order they came', async () => {
    const replicated = replicating();
    const { region } = replicated;
    const [here, there] = regionNames;
    const { app } = region[here];
    const signed = makeImage('signed');
    const sbom = makeImage('sbom', 1, {
      artifactType: 'application/spdx+json',
      subject: { mediaType: mediaTypes.ociManifest, digest: signed.digest, size: signed.bytes.length },
    });
    const [sig, early, ofEarly, dev] = [makeImage('sig'), makeImage('early'), makeImage('of early'), makeImage('dev')];
    expect(
      (await json(app, 'PUT', `/api/v1/replicas/${there}`, { filters: { tags: { include: ['v*'] } } })).status,
    ).toBe(200);
    await replicated.settle();
    await pushImage(app, repository, 'v1', signed);
    await pushImage(app, repository, `sha256-${hex(signed)}.sig`, sig);
    await pushImage(app, repository, sbom.digest, sbom);
    // Signed while nothing takes it yet; its tag comes last.
    await pushImage(app, repository, 'dev-2', early);
    await pushImage(app, repository, `sha256-${hex(early)}.sig`, ofEarly);
    await pushImage(app, repository, 'dev', dev);
    await replicated.settle();
    expect(await stateIn(app, there, `digest=${ofEarly.digest}`)).toBe('filtered');
    await pushImage(app, repository, 'v2', early);
    await replicated.settle();
    await replicated.minutes(2);
    for (const image of [signed, sig, sbom, early, ofEarly])
      expect(await stateIn(app, there, `digest=${image.digest}`), image.digest).toBe('complete');
    for (const query of ['tag=dev', `digest=${dev.digest}`]) expect(await stateIn(app, there, query)).toBe('filtered');
  });

  it('takes along what is about a child of an index that it takes, and with filtered types too', async () => {
    for (const filters of [{ tags: { include: ['v*'] } }, { artifactTypes: [mediaTypes.ociIndex] }]) {
      const replicated = replicating();
      const { region } = replicated;
      const [here, there] = regionNames;
      const { app } = region[here];
      const child = makeImage('child');
      const sig = makeImage('sig of the child');
      await json(app, 'PUT', `/api/v1/replicas/${there}`, { filters });
      await replicated.settle();
      await pushImage(app, repository, child.digest, child);
      await pushImage(app, repository, `sha256-${hex(child)}.sig`, sig);
      await replicated.settle();
      const index = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests: [{ mediaType: child.mediaType, digest: child.digest, size: child.bytes.length }],
        }),
      );
      await pushImage(app, repository, 'v1', {
        bytes: index,
        digest: '',
        mediaType: mediaTypes.ociIndex,
        config: Buffer.alloc(0),
        layers: [],
      });
      await replicated.settle();
      await replicated.minutes(2);
      expect(await stateIn(app, there, `digest=${sig.digest}`)).toBe('complete');
    }
  });
});

import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { as, deliverEvents, foldAll, usageOf } from '../shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const repository = 'team/app';
const image = makeImage('clients', 1);

/** As each of them calls itself, and its name in `byClient`. */
const clients = {
  cosign: 'cosign/v2.5.0 (linux; amd64) go-containerregistry/v0.20.3',
  apptainer: 'Apptainer/1.3.4 (Linux amd64) Go/1.22.5',
  ko: 'ko/0.18.0 go-containerregistry/v0.20.3',
  notation: 'notation/1.3.2',
  az: 'AZURECLI/2.81.0 (DEB) azsdk-python-containerregistry/1.2.0 Python/3.13',
  dotnet: '.NET Container Library v10.0.401',
  bicep: 'bicep/0.47.16 azsdk-net-Containers.ContainerRegistry/1.3.0 (.NET 10.0.1; Debian GNU/Linux 12)',
  kaniko: 'kaniko/v1.23.2 go-containerregistry/0.19.1',
  flux: 'flux/v2 go-containerregistry/v0.20.3',
  kubelet: 'kubelet/v1.33.0 (linux/amd64) kubernetes/8adc0f0',
};

describe('usage by client', () => {
  it('names each of the clients that pull and push', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    await pushImage(app, repository, 'v1', image);
    for (const [name, userAgent] of Object.entries(clients)) {
      expect([name, (await ask(app, 'GET', `/v2/${repository}/manifests/v1`, as(userAgent))).status]).toEqual([
        name,
        200,
      ]);
      await pushedBy(userAgent);
    }
    await foldAll(longshore);
    await deliverEvents(longshore);
    const { byClient } = (await usageOf(longshore, { repository })).period;
    const counted = Object.fromEntries(
      Object.keys(clients).map((name) => [name, [byClient[name]?.pulls, byClient[name]?.pushes]]),
    );
    expect(counted).toEqual(Object.fromEntries(Object.keys(clients).map((name) => [name, [1, 1]])));

    async function pushedBy(userAgent: string): Promise<void> {
      const headers = { 'content-type': image.mediaType, ...as(userAgent).headers };
      const pushed = await ask(app, 'PUT', `/v2/${repository}/manifests/v2`, { body: image.bytes, headers });
      expect(pushed.status).toBe(201);
    }
  });
});

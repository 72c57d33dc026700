import { describe, expect, it } from 'vitest';
import { BadConfiguration } from '../../../../shared/app/config/config.ts';
import { parseConfig } from '../../../../shared/app/config/config.ts';
import { ClientClasses, parseActorClasses } from '../../../../shared/features/usage/client-class.ts';

describe('the class of a client', () => {
  const classes = new ClientClasses(parseActorClasses('trivy=scanner,build-*=ci') ?? []);

  it.each([
    [
      'docker/28.0.4 go/go1.23.7 git-commit/6430e49 kernel/6.8.0 os/linux arch/amd64 UpstreamClient(Docker-Client/28.0.4 \\(linux\\))',
      'docker',
    ],
    ['containerd/v2.0.4', 'containerd'],
    ['libpod/4.3.1', 'podman'],
    ['containers/5.23.1 (github.com/containers/image)', 'podman'],
    ['Buildah/1.28.2', 'buildah'],
    ['skopeo/1.9.3', 'skopeo'],
    ['cri-o/1.32.0 go/go1.23.3 os/linux arch/amd64', 'cri-o'],
    ['buildkit/v0.20.2', 'buildkit'],
    ['oras/1.2.2', 'oras'],
    ['crane/0.20.3 go-containerregistry/0.20.3', 'crane'],
    ['regclient/regctl (v0.8.2)', 'regctl'],
    ['Helm/3.17.2', 'helm'],
    ['trivy/0.61.0 go-containerregistry/0.20.3', 'scanner'],
    ['kaniko/v1.23.2 go-containerregistry/0.19.1', 'kaniko'],
    ['cosign/v2.5.0 (linux; amd64) go-containerregistry/v0.20.3', 'cosign'],
    ['notation/1.3.2', 'notation'],
    ['ko/0.18.0 go-containerregistry/v0.20.3', 'ko'],
    ['flux/v2 go-containerregistry/v0.20.3', 'flux'],
    ['Apptainer/1.3.4 (Linux amd64) Go/1.22.5', 'apptainer'],
    ['singularity-ce/4.1.0 (Linux amd64) Go/1.21', 'apptainer'],
    ['kubelet/v1.33.0 (linux/amd64) kubernetes/8adc0f0', 'kubelet'],
    ['.NET Container Library v10.0.401', 'dotnet'],
    ['bicep/0.47.16 azsdk-net-Containers.ContainerRegistry/1.3.0 (.NET 10.0.1; Debian GNU/Linux 12)', 'bicep'],
    ['AZURECLI/2.81.0 (DEB) azsdk-python-containerregistry/1.2.0 Python/3.13', 'az'],
    ['regclient/regsync (v0.8.2)', 'replicator'],
    ['curl/8.5.0', 'other'],
    ['', 'other'],
  ] as const)('that calls itself "%s" is %s', (userAgent, client) => {
    expect(classes.of('anonymous', userAgent)).toBe(client);
  });

  it.each([
    ['trivy', 'docker/28', 'scanner'],
    ['build-7', 'docker/28', 'ci'],
    ['builder', 'docker/28', 'docker'],
    ['repo:team/app:ref:refs/heads/main', 'docker/28', 'ci'],
    ['project_path:team/app:ref_type:branch:ref:main', 'skopeo/1', 'ci'],
  ] as const)('of %s, that calls itself %s, is %s', (actor, userAgent, client) => {
    expect(classes.of(actor, userAgent)).toBe(client);
  });
});

describe('the setting of classes', () => {
  it('is refused with what is allowed when it names a class that is none', () => {
    expect(parseActorClasses('a=b')).toBeUndefined();
    expect(parseActorClasses('=ci')).toBeUndefined();
    expect(() => parseConfig({ LONGSHORE_CLIENT_CLASSES: 'a=b' })).toThrow(BadConfiguration);
    expect(() => parseConfig({ LONGSHORE_CLIENT_CLASSES: 'a=b' })).toThrow(
      /LONGSHORE_CLIENT_CLASSES must be NAME=CLASS,… .*CLASS is one of docker, .* scanner/,
    );
  });
});

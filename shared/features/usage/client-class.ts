import { LRUCache } from 'lru-cache';
import { atMost } from '../../core/rules/at-most.ts';

/**
 * The classes of clients that pull: by their identity, else by their user agent. The set is fixed, for each is a
 * counter of every image.
 */
export const clientClasses = [
  'docker',
  'containerd',
  'podman',
  'buildah',
  'skopeo',
  'cri-o',
  'kubelet',
  'buildkit',
  'kaniko',
  'ko',
  'oras',
  'crane',
  'regctl',
  'helm',
  'flux',
  'apptainer',
  'cosign',
  'notation',
  'az',
  'dotnet',
  'bicep',
  'scanner',
  'replicator',
  'ci',
  'other',
] as const;
export type ClientClass = (typeof clientClasses)[number];

/**
 * Says whether a client uses what it pulls. Scanners and replicators read every image, used or not: their pulls do not
 * show that it is needed.
 */
export function usesWhatItPulls(client: ClientClass): boolean {
  return client !== 'scanner' && client !== 'replicator';
}

/** A class by identity, whatever the user agent: an actor's name, or the beginning of names with a `*` behind it. */
export interface ActorClass {
  readonly actor: string;
  readonly client: ClientClass;
}

/**
 * The beginnings of subjects of tokens that GitHub Actions and GitLab CI issue. A named token has no colon in its name.
 */
const ciSubjects = ['repo:', 'project_path:'];

/**
 * The first pattern that matches decides: tools that are built on another's library name both, their own name first.
 */
const userAgents: readonly (readonly [RegExp, ClientClass])[] = [
  [/trivy|grype|syft|clair|snyk|anchore|twistlock|prismacloud|\bxray\b|qualys|defender/i, 'scanner'],
  [/^longshore-replication\/|regsync|harbor/i, 'replicator'],
  [/^kaniko\b/i, 'kaniko'],
  [/github-actions|gitlab|tekton|jenkins|renovate|dependabot/i, 'ci'],
  [/^cosign\b/i, 'cosign'],
  [/^notation\b/i, 'notation'],
  [/^ko\b/i, 'ko'],
  [/^flux\//i, 'flux'],
  [/^(apptainer|singularity)/i, 'apptainer'],
  [/^kubelet\//i, 'kubelet'],
  [/^\.NET Container Library/i, 'dotnet'],
  // Bicep names itself before the SDK that it uses; the az command does the same with its own name.
  [/^bicep\b/i, 'bicep'],
  [/azurecli\/|^azure-cli/i, 'az'],
  [/^buildkit\//i, 'buildkit'],
  [/^cri-o\//i, 'cri-o'],
  [/^containerd\/|nerdctl/i, 'containerd'],
  [/^(libpod|podman)\//i, 'podman'],
  [/^buildah\//i, 'buildah'],
  [/^skopeo\//i, 'skopeo'],
  // This is the library of podman, skopeo and buildah, if they set no other name: podman sets none.
  [/containers\/image/i, 'podman'],
  [/^helm\//i, 'helm'],
  [/^oras/i, 'oras'],
  [/regclient|regctl/i, 'regctl'],
  [/go-containerregistry|^crane\//i, 'crane'],
  [/^docker\/|docker-client/i, 'docker'],
];

/** Longer user agents are made up. */
const longestUserAgent = 200;

/** Classifies clients, and remembers them by identity and user agent: many pulls come from few. */
export class ClientClasses {
  readonly #actors: readonly ActorClass[];
  readonly #known = new LRUCache<string, ClientClass>(atMost(1_000));

  constructor(actors: readonly ActorClass[]) {
    this.#actors = actors;
  }

  of(actor: string, userAgent: string): ClientClass {
    const name = userAgent.length > longestUserAgent ? userAgent.slice(0, longestUserAgent) : userAgent;
    const place = `${actor}\n${name}`;
    const known = this.#known.get(place);
    if (known !== undefined) return known;
    const client = this.#byActor(actor) ?? userAgents.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
    this.#known.set(place, client);
    return client;
  }

  #byActor(actor: string): ClientClass | undefined {
    const chosen = this.#actors.find((each) =>
      each.actor.endsWith('*') ? actor.startsWith(each.actor.slice(0, -1)) : actor === each.actor,
    );
    return chosen?.client ?? (ciSubjects.some((start) => actor.startsWith(start)) ? 'ci' : undefined);
  }
}

/** Parses `ci-*=ci,trivy=scanner`; `undefined` when the text is not of that form. */
export function parseActorClasses(text: string): ActorClass[] | undefined {
  const classes = text.split(',').map((pair) => {
    const at = pair.lastIndexOf('=');
    return {
      actor: pair.slice(0, at).trim(),
      client: clientClasses.find((known) => known === pair.slice(at + 1).trim()),
    };
  });
  const known = classes.filter((each): each is ActorClass => each.actor !== '' && each.client !== undefined);
  return known.length === classes.length ? known : undefined;
}

import { z } from 'zod';

const name = z.string().min(1).max(300);
const tag = z.string().min(1).max(128);

/** The body of Azure Container Registry. */
const acr = z
  .object({
    action: z.literal('push'),
    target: z.object({ repository: name, tag: tag.optional() }),
    request: z.object({ host: name }),
  })
  .transform(({ target, request }) =>
    target.tag !== undefined ? [`${request.host}/${target.repository}:${target.tag}`] : [],
  );

const package_ = z
  .object({
    name,
    namespace: name,
    package_version: z
      .object({
        container_metadata: z.object({ tag: z.object({ name: z.string().max(128).nullish() }).nullish() }).nullish(),
      })
      .nullish(),
  })
  .transform(({ name: image, namespace, package_version: version }) => {
    const of = version?.container_metadata?.tag?.name ?? '';
    return of === '' ? [] : [`ghcr.io/${namespace.toLowerCase()}/${image.toLowerCase()}:${of}`];
  });

/** The bodies that registries post when something is pushed to them, as far as they say what. */
const bodies = {
  /** CNCF Distribution, and registries that are built on it (docs/spec/notifications). */
  distribution: z
    .object({
      events: z
        .array(
          z.object({
            action: z.string(),
            target: z.object({ repository: name, tag: tag.optional() }),
            request: z.object({ host: name }).optional(),
          }),
        )
        .max(1_000),
    })
    .transform(({ events }) =>
      events.flatMap(({ action, target, request }) =>
        action === 'push' && target.tag !== undefined && request !== undefined
          ? [`${request.host}/${target.repository}:${target.tag}`]
          : [],
      ),
    ),
  /** Docker Hub (docs.docker.com/docker-hub/webhooks). */
  'docker-hub': z
    .object({ repository: z.object({ repo_name: name }), push_data: z.object({ tag }) })
    .transform(({ repository, push_data: pushed }) => [`docker.io/${repository.repo_name}:${pushed.tag}`]),
  /** Quay's "Repository Push". */
  quay: z
    .object({ docker_url: name, updated_tags: z.array(tag).max(1_000) })
    .transform(({ docker_url: url, updated_tags: tags }) => tags.map((each) => `${url}:${each}`)),
  /** GitHub's events `registry_package` and `package`; a version without a tag belongs to an index. */
  ghcr: z.union([
    z.object({ registry_package: package_ }).transform((body) => body.registry_package),
    z.object({ package: package_ }).transform((body) => body.package),
  ]),
  acr,
  /** Webhooks of another Longshore have ACR's body. */
  longshore: acr,
} as const;

export const sources = Object.keys(bodies) as (keyof typeof bodies)[];

const registryV2 = z.object({
  action: z
    .string()
    .min(1)
    .refine((action) => action !== 'push'),
});

/**
 * Bodies of the same senders that are about no push of an image: pings, deletions, charts, scans. A refusal would count
 * as a failure in the sender's log, and some senders switch off a receiver that refuses too often.
 */
const noPush: Readonly<Record<keyof typeof bodies, z.ZodType>> = {
  distribution: z.never(),
  'docker-hub': z.never(),
  quay: z.object({ docker_url: name, updated_tags: z.undefined().optional() }),
  ghcr: z
    .object({
      registry_package: z.undefined().optional(),
      package: z.undefined().optional(),
      sender: z.unknown().optional(),
      zen: z.string().optional(),
      hook_id: z.number().optional(),
    })
    .refine(
      ({ sender, zen, hook_id: hook }) =>
        (typeof sender === 'object' && sender !== null) || (zen !== undefined && hook !== undefined),
    ),
  acr: registryV2,
  longshore: registryV2,
};

/** Returns the images that were pushed according to a notification; or says what is wrong with it. */
export function pushedIn(
  source: keyof typeof bodies,
  body: unknown,
): { readonly images: readonly string[] } | { readonly wrong: string } {
  if (noPush[source].safeParse(body).success) return { images: [] };
  const parsed = bodies[source].safeParse(body);
  return parsed.success ? { images: [...new Set(parsed.data)] } : { wrong: z.prettifyError(parsed.error) };
}

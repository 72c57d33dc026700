import { z } from 'zod';
import { registrySchema } from '../../../core/documents/names.ts';
import { documentShape, parseStored, readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../core/oci/name.ts';
import type { CommitDocuments, DocumentRef, QueryDocuments, ReadDocument } from '../../../core/ports/documents.ts';
import { globMatches, repositoryGlobSchema, scopeSchema, tagGlobSchema } from '../../../core/rules/pattern.ts';

/** The settings of a policy: they say what happens to images when their bases are updated. */
export const policySettingsSchema = z.strictObject({
  repositories: scopeSchema(repositoryGlobSchema, '**')
    .prefault({})
    .describe('The repositories that the policy covers.'),
  tags: scopeSchema(tagGlobSchema, '*').prefault({}).describe('The tags that the policy covers.'),
  mode: z
    .enum(['rebase', 'notify'])
    .describe(
      "The action. rebase: the base's layers are replaced in the registry; notify: an event says that the image is due.",
    ),
  bases: scopeSchema(repositoryGlobSchema, '**')
    .optional()
    .describe(
      'The repositories onto which its images are rebased, by whomever they were pushed; absent, ' +
        "those that the image's pusher may pull then.",
    ),
  /**
   * The treatment of images that name their base by tag and digest. `bump`: they follow the tag, and their annotation
   * names the new digest.
   */
  pins: z
    .enum(['keep', 'bump'])
    .default('keep')
    .describe('The handling of bases that are named by tag and digest. bump: such images follow the tag.'),
  enabled: z.boolean().default(true).describe('True if the policy is in force.'),
});
export type PolicySettings = z.infer<typeof policySettingsSchema>;

const policySchema = z.object({
  ...documentShape('build-policy'),
  registry: registrySchema,
  name: z.string(),
  settings: policySettingsSchema,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Policy = z.infer<typeof policySchema>;

/** The most policies; all are read together. */
const mostPolicies = 100;

export function policyRef(registry: RegistryName, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `build-policy:${name}` };
}

/** Reads the policies in the order of their names: the first that covers an image counts. */
export async function readPolicies(documents: QueryDocuments, registry: RegistryName): Promise<Policy[]> {
  const [container, partition] = ['registries' as const, [registry]];
  const page = await documents.queryDocuments({
    container,
    partition,
    where: [{ path: 'type', is: '=', value: 'build-policy' }],
    orderBy: { path: 'name', direction: 'asc' },
    limit: mostPolicies,
  });
  return page.documents.map((found) => parseStored(policySchema, found, { container, partition }).document);
}

export async function readPolicy(
  documents: ReadDocument,
  registry: RegistryName,
  name: string,
): Promise<Policy | undefined> {
  return (await readStored(documents, policySchema, policyRef(registry, name)))?.document;
}

/** Stores a policy. Throws `RegistryError` (`conflict` if there are too many). */
export async function putPolicy(
  documents: ReadDocument & QueryDocuments & CommitDocuments,
  registry: RegistryName,
  name: string,
  settings: PolicySettings,
  now: Date,
): Promise<{ readonly policy: Policy; readonly created: boolean }> {
  const [there, all] = await Promise.all([readPolicy(documents, registry, name), readPolicies(documents, registry)]);
  if (there === undefined && all.length >= mostPolicies)
    throw new RegistryError({
      is: 'conflict',
      code: 'tooManyPolicies',
      why: `there are ${all.length} build policies, and at most ${mostPolicies} are allowed: delete one first`,
    });
  const at = now.toISOString();
  const policy: Policy = {
    id: policyRef(registry, name).id,
    type: 'build-policy',
    schemaVersion: 1,
    registry,
    name,
    settings,
    createdAt: there?.createdAt ?? at,
    updatedAt: at,
  };
  await documents.commitDocuments('registries', [registry], [{ do: 'upsert', document: { ...policy } }]);
  return { policy, created: there === undefined };
}

/** Returns the policy that covers an image. */
export function policyFor(
  policies: readonly Policy[],
  { repository, tag }: { readonly repository: RepositoryName; readonly tag: Tag },
): Policy | undefined {
  const isIn = ({ include, exclude }: PolicySettings['tags'], name: string) =>
    include.some((each) => globMatches(each, name)) && !exclude.some((each) => globMatches(each, name));
  return policies.find(({ settings }) => isIn(settings.repositories, repository) && isIn(settings.tags, tag));
}

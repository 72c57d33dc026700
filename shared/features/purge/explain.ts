import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown, RegistryError } from '../../core/oci/faults.ts';
import type { RepositoryName, Tag } from '../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../core/oci/name.ts';
import type { Judgement } from './judge.ts';
import { judgeNow } from './mark.ts';
import type { PolicyPorts } from './ports.ts';
import type { Session } from './session.ts';
import { isApproved, openSession } from './session.ts';

export interface Explained {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly policies: readonly ({ readonly policy: string; readonly approved: boolean } & Judgement)[];
}

/**
 * Explains for each policy that covers its repository why an image is kept or due. `image` is `repository`,
 * `repository:tag` or `repository@digest`. Throws `RegistryError`: `request-invalid`, `thing-unknown`.
 */
export async function explain(ports: PolicyPorts, registry: Session['registry'], image: string): Promise<Explained> {
  const { repository, reference } = parseImage(image);
  const key = { registry, repository };
  const digest = isDigest(reference)
    ? reference
    : (await readStored(ports.documents, tagDocumentSchema, tagRef(key, reference)))?.document.digest;
  if (digest === undefined) throw imageUnknown(repository, reference);
  const session = await openSession(ports, registry);
  const view = (await session.view(key)) ?? { key, refusal: {}, rules: new Map(), newest: [], fallen: [] };
  const judged = await judgeNow(session, view, digest);
  if (judged === undefined) throw imageUnknown(repository, reference);
  const approved = new Set(session.policies.filter(isApproved).map(({ name }) => name));
  return {
    repository,
    digest,
    policies: [...judged.judgements].map(([policy, judgement]) => ({
      policy,
      approved: approved.has(policy),
      ...judgement,
    })),
  };
}

function parseImage(image: string): { repository: RepositoryName; reference: Digest | Tag } {
  const [, repository = '', tag, digest] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(image) ?? [];
  const reference = digest ?? tag ?? 'latest';
  if (!isRepositoryName(repository) || !(digest === undefined ? isTag(reference) : isDigest(reference)))
    throw new RegistryError({
      is: 'request-invalid',
      why: `the image "${image}" must be repository, repository:tag or repository@digest, as in team/app:v1`,
    });
  return { repository, reference: reference as Digest | Tag };
}

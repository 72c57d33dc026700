import { z } from 'zod';
import { escaped } from '../notation/fault.ts';
import { authorityIn } from './cluster-authority.ts';
import { authoritySchema } from './cluster-authority-schema.ts';
import { repositoriesIn } from './image-globs.ts';
import type { Importing, ImportOptions } from './imported.ts';
import { checked, faulty, nameFrom } from './imported.ts';

/** The parts of a `ClusterImagePolicy` of sigstore's policy-controller. Anything else that it has is a fault. */
const documentSchema = z.strictObject({
  apiVersion: z.enum(['policy.sigstore.dev/v1beta1', 'policy.sigstore.dev/v1alpha1']),
  kind: z.literal('ClusterImagePolicy'),
  metadata: z.looseObject({ name: z.string().min(1).max(253) }),
  spec: z.strictObject({
    images: z
      .array(z.strictObject({ glob: z.string().min(1).max(400) }))
      .min(1)
      .max(100),
    authorities: z.array(authoritySchema).max(20).default([]),
    mode: z.enum(['enforce', 'warn', '']).default('enforce'),
    policy: z.unknown().optional(),
    match: z.array(z.unknown()).max(100).default([]),
  }),
  /** The controller's own report. */
  status: z.unknown().optional(),
});
type Spec = z.infer<typeof documentSchema>['spec'];
type Carried = Extract<ReturnType<typeof authorityIn>, { readonly is: 'carried' }>;

/**
 * Makes policies of a `ClusterImagePolicy`. Its authorities are alternatives, as here; each may ask for several
 * attestations, all of which must be there, and each of those is a policy of its own here.
 */
export function policiesOfCluster(document: unknown, options: ImportOptions): Importing {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) return faulty(parsed.error.issues.map(sentenceOf));
  const { spec, metadata } = parsed.data;
  const { include, faults, notes } = imagesIn(spec, options);
  if (spec.policy !== undefined)
    faults.push('spec.policy is a program in CUE or Rego, which is not run here: leave it out, or use rules.');
  if (spec.match.length > 0)
    notes.push('spec.match chooses resources of a cluster: here all images of the repositories are covered.');
  const authorities = spec.authorities.map((authority, at) => authorityIn(authority, at));
  faults.push(...authorities.flatMap((each) => (each.is === 'faulty' ? each.faults : [])));
  const carried = authorities.filter((each) => each.is === 'carried');
  notes.push(...authorities.flatMap((each) => (each.is === 'faulty' ? [] : each.notes)));
  const demands = demandsOf(carried);
  if (demands === undefined)
    faults.push(
      'spec.authorities ask for different attestations: here the authorities of one policy ask for the same. Split it.',
    );
  if (faults.length > 0 || demands === undefined) return faulty(faults);
  if (include.length === 0)
    return {
      is: 'read',
      policies: [],
      notes: [...notes, 'No image of it is of this registry, so that nothing was imported.'],
    };
  const mode = options.mode ?? (spec.mode === 'warn' ? 'audit' : 'enforce');
  const base = {
    mode,
    repositories: { include },
    sigstoreKeys: carried.flatMap(({ keys }) => keys),
    sigstoreIdentities: carried.flatMap(({ identities }) => identities),
    // Each image that runs is verified by itself there, an index as its reference resolves.
    subject: 'index-or-child',
  };
  const name = nameFrom(metadata.name);
  return checked(
    demands.map((attestation, at) => ({
      name: demands.length === 1 ? name : `${name.slice(0, 45)}-${at + 1}`,
      settings: attestation === undefined ? base : { ...base, attestation },
    })),
    notes,
  );
}

/** Returns the types of attestations, one a policy; `undefined` where the authorities differ in them. */
function demandsOf(carried: readonly Carried[]): readonly (string | undefined)[] | undefined {
  const [first, ...others] = carried.map(({ attestations }) => [...new Set(attestations)].toSorted());
  if (first === undefined || (first.length === 0 && others.every((each) => each.length === 0))) return [undefined];
  // Several alternatives that ask for several each would mix: one attestation by this authority, one by that one.
  const isSame = others.every((each) => each.length === 1 && first.length === 1 && each[0] === first[0]);
  return isSame ? first : undefined;
}

function imagesIn({ images }: Spec, options: ImportOptions) {
  const [include, faults, notes]: [Set<string>, string[], string[]] = [new Set(), [], []];
  for (const [at, { glob }] of images.entries()) {
    const reading = repositoriesIn(glob, options);
    const place = `spec.images[${at}].glob "${escaped(glob)}"`;
    if (reading.is === 'faulty') faults.push(`${place} ${reading.why}.`);
    else if (reading.is === 'here') {
      include.add(reading.pattern);
      if (reading.note !== undefined) notes.push(reading.note);
    } else if (options.otherRegistries === 'refuse')
      faults.push(
        `${place} is of another registry: add its host to "hosts" if it is this one, or leave out what is of others.`,
      );
    else notes.push(`${place} is of another registry, and was left out.`);
  }
  return { include: [...include], faults, notes };
}

function sentenceOf({ path, message, code, ...issue }: z.core.$ZodIssue): string {
  const place =
    path.length === 0
      ? 'The document'
      : path
          .map((each) => (typeof each === 'number' ? `[${each}]` : `.${escaped(String(each))}`))
          .join('')
          .slice(1);
  if (code === 'unrecognized_keys' && 'keys' in issue)
    return `${place} has what cannot be carried over: ${issue.keys.map(escaped).join(', ')}.`;
  return `${place} cannot be read: ${escaped(message)}.`;
}

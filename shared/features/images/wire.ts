import { z } from '@hono/zod-openapi';
import { repositoryIn } from '../../core/http/management.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import { isTag } from '../../core/oci/name.ts';
import { referrerKinds } from '../../core/oci/referrer-kind.ts';
import { pullClients } from './pull-commands.ts';

const exampleDigest = 'sha256:0b8b6a4b7d5b2a0c4f6f1e7b3a9d8c5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c';

export const text = (description: string) => z.string().openapi({ description });
export const bytes = (description: string) => z.int().openapi({ description });
export const digest = (description: string) => z.string().openapi({ description, example: exampleDigest });
export const time = (description: string) => z.string().openapi({ format: 'date-time', description });
const flag = (description: string) => z.boolean().openapi({ description });
const texts = (description: string) => z.array(z.string()).openapi({ description });
const map = (description: string) => z.record(z.string(), z.string()).openapi({ description });

export const referenceParameter = z
  .custom<Tag | Digest>(
    (value) => typeof value === 'string' && (isTag(value) || isDigest(value)),
    'is neither a tag nor a digest',
  )
  .openapi({ type: 'string', description: 'The tag or the digest of the image.', example: '1.4' });

export const imageQuery = z.object({
  repository: repositoryIn('The repository that holds the image.'),
  reference: referenceParameter,
});

const ofPlatform = {
  os: text('The operating system that it runs on.'),
  architecture: text('The architecture of the processor.'),
  variant: text('The variant of the architecture.').optional(),
};

const configSchema = z
  .object({
    os: ofPlatform.os.optional(),
    architecture: ofPlatform.architecture.optional(),
    variant: ofPlatform.variant,
    created: text('The time of creation, as the config has it.').optional(),
    author: text('The author that the config names.').optional(),
    user: text('The user that its process runs as.').optional(),
    workingDir: text('The folder that its process starts in.').optional(),
    entrypoint: texts('The entrypoint, one text for each argument.').optional(),
    cmd: texts('The default arguments of its process.').optional(),
    env: texts('The environment variables, as NAME=value.').optional(),
    exposedPorts: texts('The ports that it listens on.').optional(),
    volumes: texts('The paths that are volumes.').optional(),
    labels: map('The labels, by their names.').optional(),
    stopSignal: text('The signal that stops its process.').optional(),
    healthcheck: z
      .object({
        test: texts('The command, after how it is run.').optional(),
        intervalSeconds: z.number().openapi({ description: 'The seconds between two checks.' }).optional(),
        timeoutSeconds: z.number().openapi({ description: 'The seconds that one check may take.' }).optional(),
        retries: z.int().openapi({ description: 'The failures that make it unhealthy.' }).optional(),
      })
      .openapi({ description: 'The check of its health.' })
      .optional(),
    more: flag('True if some values were too many or too long, and are cut.').optional(),
  })
  .openapi('ImageConfig', { description: 'What the config of an image says of how it runs.' });

const layerSchema = z
  .object({
    digest: digest('The digest of the compressed layer.'),
    mediaType: text('The media type of the layer.'),
    bytes: bytes('The bytes of the layer, compressed, as it is pulled.'),
    instruction: text('The instruction that made it; absent if the history does not say.').optional(),
    createdAt: text('The time at which it was made, as the history has it.').optional(),
    title: text('The name of the file that it holds, where it is an artifact of files.').optional(),
    inImages: z
      .int()
      .openapi({ description: 'The number of other images of the registry with this layer; absent if not known.' })
      .optional(),
    inImagesIsAtLeast: z
      .literal(true)
      .openapi({ description: 'True if the counting stopped, so that there may be more images.' })
      .optional(),
  })
  .openapi('ImageLayer', { description: 'One layer of an image, or one file of an artifact.' });

const historySchema = z
  .object({
    instruction: text('The instruction, as a Dockerfile has it.'),
    createdAt: text('The time of the step, as the config has it.').optional(),
    empty: flag('True if the step made no layer.'),
    comment: text('The comment of the builder.').optional(),
    layer: z.int().openapi({ description: 'The index of its layer; absent if it made none.' }).optional(),
  })
  .openapi('ImageHistoryEntry', { description: 'One step of how an image was built.' });

const platformSchema = z
  .object({
    ...ofPlatform,
    osVersion: text('The version of the operating system.').optional(),
    digest: digest('The digest of the manifest for this platform.'),
    bytes: bytes('The bytes that a pull of this platform takes, compressed.'),
    isHere: flag('True if the repository has the manifest.'),
  })
  .openapi('ImagePlatform', { description: 'One platform of an index.' });

const attestationSchema = z
  .object({
    digest: digest('The digest of the attestation manifest.'),
    of: digest('The digest of the manifest that it is about; absent if it does not say.').optional(),
    predicateTypes: texts('The predicate types of its statements.').optional(),
  })
  .openapi('ImageAttestation', { description: 'One attestation that a builder has put into an index.' });

const childSchema = z
  .object({
    digest: digest('The digest of the manifest that the index lists.'),
    mediaType: text('The media type of the manifest.'),
    artifactType: text('The artifact type of the manifest.').optional(),
    bytes: bytes('The bytes that a pull of it takes.'),
    isHere: flag('True if the repository has the manifest.'),
  })
  .openapi('ImageChild', { description: 'A manifest of an index that is neither a platform nor an attestation.' });

const referrerSchema = z
  .object({
    digest: digest('The digest of the manifest that refers to the image.'),
    artifactType: text('The artifact type of the referrer.'),
    kind: z.enum(referrerKinds).openapi({ description: 'The kind of thing that it is.' }),
    mediaType: text('The media type of the referrer.'),
    bytes: bytes('The bytes of the manifest.'),
    annotations: map('The annotations of the referrer.').optional(),
    of: digest('The digest of the manifest that it is about: the image, or one of its children.'),
    tag: text('The tag whose name says what it is about, for a referrer that names no subject.').optional(),
  })
  .openapi('ImageReferrer', { description: 'A manifest that is about an image.' });

const badgesSchema = z
  .object({
    signed: flag('True if a signature refers to the image or to a child of it.'),
    sbom: flag('True if it, or a child of it, has a bill of materials.'),
    attested: flag('True if it, or a child of it, has an attestation.'),
    locked: flag('True if an attribute of the tag, the manifest or the repository forbids something.'),
    held: flag('True if a policy holds it, as it was judged last.'),
    quarantine: text('The state of the quarantine; absent without one.').optional(),
    purgeDueAt: time('The time at which a purge policy will judge it next; absent if none will.').optional(),
  })
  .openapi('ImageBadges', { description: 'Facts about an image in short; those of an index include its children.' });

const attributesWire = z
  .object({
    deleteEnabled: flag('False if it may not be deleted.'),
    writeEnabled: flag('False if it may neither be overwritten nor deleted.'),
    listEnabled: flag('False if lists leave it out.'),
    readEnabled: flag('False if it may not be pulled.'),
  })
  .openapi('ImageAttributes', { description: 'The locks of the manifest.' });

const regionSchema = z
  .object({
    region: text('The name of the region.'),
    state: text('The state of the image there, such as complete or queued.'),
    missingBytes: bytes('The bytes that the region lacks.').optional(),
  })
  .openapi('ImageInRegion', { description: 'The state of an image in one region.' });

const baseSchema = z
  .object({
    image: text('The base that it is built on, by name and tag.'),
    digest: digest('The digest of the base that was built on.').optional(),
    evidence: text('The evidence for it: dockerfile, annotation, provenance or layers.'),
    confidence: z.number().openapi({ description: 'The certainty of the evidence, between 0 and 1.' }),
    isCurrent: flag('False if the tag of the base points elsewhere by now; absent if not known.').optional(),
  })
  .openapi('ImageBase', { description: 'The image that an image is built on, as far as it was learned.' });

const commandSchema = z
  .object({
    client: z.enum(pullClients).openapi({ description: 'The client, or the file, that it is for.' }),
    command: text('The text to copy.'),
    pinned: text('The same with the digest, which nobody can move.'),
  })
  .openapi('PullCommand', { description: 'How one client pulls an image.' });

const contentShape = {
  config: configSchema.optional(),
  configProblem: text('Why there is no config to show; absent if there is.').optional(),
  layers: z.array(layerSchema).openapi({ description: 'The layers, lowest first; of an artifact, its files.' }),
  history: z.array(historySchema).openapi({ description: 'The steps of the build, first one first.' }),
  historyProblem: text('Why the history could not be matched to the layers; absent if it was.').optional(),
  dockerfile: text('The history as a Dockerfile; absent if there is no history.').optional(),
};

const listsShape = {
  platforms: z.array(platformSchema).openapi({ description: 'The platforms of an index, those of nested ones too.' }),
  attestations: z.array(attestationSchema).openapi({ description: 'The attestations in the index.' }),
  children: z.array(childSchema).openapi({ description: 'The other manifests of the index.' }),
  referrers: z.array(referrerSchema).openapi({ description: 'The manifests about it and its children, by kind.' }),
};

export const imageSchema = z
  .object({
    repository: text('The repository that holds the image.'),
    reference: text('The tag or digest of the request.'),
    digest: digest('The digest of the manifest.'),
    tags: texts('The first tags of the manifest that lists may show.'),
    tagCount: z.int().openapi({ description: 'The number of tags of the manifest.' }),
    mediaType: text('The media type of the manifest.'),
    artifactType: text('The artifact type, or the media type of the config.').optional(),
    pushedAt: time('The time of the last push of the tag, or of the manifest.'),
    createdAt: time('The time of the first push.').optional(),
    bytes: bytes('The bytes that a pull takes, compressed; of an index the sum of its platforms.'),
    size: bytes('The bytes of the manifest itself.'),
    annotations: map('The annotations of the manifest.').optional(),
    subject: digest('The digest of the manifest that it is about.').optional(),
    configDigest: digest('The digest of the config; absent for an index.').optional(),
    ...contentShape,
    ...listsShape,
    badges: badgesSchema,
    attributes: attributesWire,
    regions: z
      .array(regionSchema)
      .openapi({ description: 'The state in each region; absent where there is one region.' })
      .optional(),
    base: baseSchema.optional(),
    pullCommands: z.array(commandSchema).openapi({ description: 'How to pull it, by client.' }),
    more: z
      .array(z.enum(['layers', 'history', 'platforms', 'referrers', 'annotations']))
      .openapi({ description: 'The lists that are cut, because they are too long.' })
      .optional(),
    unavailable: texts('The parts whose store did not answer; ask again later.').optional(),
  })
  .openapi('Image', { description: 'One image, index or artifact, with all that a page about it shows.' });

export const configQuery = z.object({
  repository: repositoryIn('The repository that holds the image.'),
  digest: z
    .custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a sha256 or sha512 digest')
    .openapi({ type: 'string', description: 'The digest of the image, or of its config.', example: exampleDigest }),
});

export const configDocumentSchema = z
  .looseObject({})
  .openapi('ImageConfigDocument', { description: 'The config blob, as it was pushed.' });

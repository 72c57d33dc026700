import { z } from 'zod';
import { registrySchema, repositorySchema, tagSchema } from '../../../core/documents/names.ts';
import { documentShape } from '../../../core/documents/stored.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { RegistryName } from '../../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../../core/oci/name.ts';
import type { DocumentRef } from '../../../core/ports/documents.ts';
import { namePattern, nameSyntax } from '../../../core/rules/name.ts';
import { scheduleSchema } from '../../../core/rules/schedule.ts';
import { versionRangeSchema } from '../../../core/rules/version.ts';
import type { TaggedImage } from '../bases/documents.ts';
import { pullPatternSchema } from './pull-pattern.ts';
import { tagTemplateSchema } from './tag-templates.ts';

export const taskNameSchema = z.string().regex(namePattern, nameSyntax).describe('The name of a task.');

const imageSchema = z.string().refine((text) => {
  const [repository = '', tag = '', ...rest] = text.split(':');
  return isRepositoryName(repository) && isTag(tag) && rest.length === 0;
}, 'must be repository:tag, of this registry');

const seconds = (most: number) => z.int().min(1).max(most);

/** A tar archive, gzip or not, that was uploaded as a blob. */
export const uploadedContextSchema = z.strictObject({ repository: repositorySchema, digest: digestSchema });

/** The name of a secret of the vault. */
export const secretNameSchema = z
  .string()
  .regex(/^[0-9a-zA-Z-]{1,127}$/, 'must be the name of a secret of the vault')
  .describe('The name of a secret of the vault.');
const refSchema = z
  .string()
  .max(250)
  .regex(
    /^(?!.*(\.\.|@\{|\/\/|\.lock$))[A-Za-z0-9_][A-Za-z0-9._\/+@#-]*$/,
    'must be a branch, a tag, HEAD or a whole commit',
  );
const folderSchema = z
  .string()
  .max(500)
  .refine(
    (path) => path === '' || path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'must be a path below the repository, as in app/server',
  );

/** A folder of a git repository, at the commit that its reference names when a build begins. */
export const gitContextSchema = z.strictObject({
  git: z
    .url({
      protocol: /^https?$/,
      error: 'must be the URL of a repository by https, as in https://github.com/team/app.git',
    })
    .max(2_000)
    .describe('The URL of the repository, by https.'),
  ref: refSchema.default('main').describe('The branch, tag or commit that is built.'),
  folder: folderSchema
    .default('')
    .describe('The folder of the repository that is the context; empty, the whole repository.'),
  credential: z
    .strictObject({
      username: z.string().min(1).max(200).default('git').describe('The user name that belongs to the secret.'),
      secret: secretNameSchema,
    })
    .optional()
    .describe('The credentials for a private repository.'),
});
export type GitContext = z.infer<typeof gitContextSchema>;

const urlSchema = z.url({ protocol: /^https?$/ }).max(2_000);

/** Any CI that accepts a signed POST and calls back. */
const webhookRunnerSchema = z.strictObject({ url: urlSchema.describe('The URL to which jobs are posted.') });
/**
 * A workflow with `workflow_dispatch` and the input `job`. `token` names a secret of the vault, which is a token that
 * may start it.
 */
export const githubRunnerSchema = z.strictObject({
  repository: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/, 'must be owner/name')
    .describe('The repository of the workflow, as owner/name.'),
  workflow: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, "must be the workflow's file name or id")
    .describe('The file name or id of the workflow.'),
  ref: refSchema.default('main').describe('The branch or tag of the workflow that is started.'),
  token: secretNameSchema,
  api: urlSchema.default('https://api.github.com').describe('The API of GitHub, or of GitHub Enterprise.'),
});

const resourceGroupId = /\/subscriptions\/[0-9a-fA-F-]{36}\/resourceGroups\/[\w.()-]{0,89}[\w()-]/.source;
const registryId = new RegExp(
  String.raw`^${resourceGroupId}/providers/Microsoft\.ContainerRegistry/registries/[a-zA-Z0-9]{5,50}$`,
);

/** An Azure Container Registry whose tasks build, by its resource id; the app's identity may schedule runs there. */
const acrRunnerSchema = z.strictObject({
  registry: z
    .string()
    .regex(registryId, 'must be the resource id of an Azure Container Registry')
    .describe('The resource id of the Azure Container Registry.'),
  agentPool: z
    .string()
    .regex(/^[a-zA-Z0-9-]{3,20}$/, 'must be the name of a pool of agents')
    .optional()
    .describe('The pool of agents that builds; absent, the default one.'),
});
export type AcrRunner = z.infer<typeof acrRunnerSchema>;

/** A command that is run in the new image: the image passes if the command ends with 0. */
const commandTestSchema = z.strictObject({
  command: z
    .array(z.string().max(10_000))
    .min(1)
    .max(100)
    .describe('The command and its arguments, as one entry each.'),
  timeoutSeconds: seconds(3_600).default(300).describe('The seconds that it may take.'),
});
/**
 * A signed POST that names the new image: the image passes if the answer is `{"pass": true}`. The wait occupies a
 * function, so it is short.
 */
export const httpTestSchema = z.strictObject({
  url: urlSchema.describe('The URL to which the new image is posted for a verdict.'),
  timeoutSeconds: seconds(300).default(120).describe('The seconds that it may take.'),
});

const platformSchema = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/, 'must be os/architecture');

/** A build argument whose value is the newest tag of a repository of this registry within a range of versions. */
export const versionSettingsSchema = z.strictObject({
  argument: z.string().min(1).max(200).describe('The name of the build argument.'),
  of: repositorySchema,
  range: versionRangeSchema.describe('The range of versions, as npm reads it.'),
  /** The end of tags behind their version, as `-alpine`. */
  suffix: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9._-]*$/, 'must be part of a tag')
    .default('')
    .describe('The suffix of the tags behind their version, as in -alpine.'),
});
export type VersionSettings = z.infer<typeof versionSettingsSchema>;

/** The settings of a task: how an image is built, when, and which test it must pass. */
export const taskSettingsSchema = z.strictObject({
  image: imageSchema.describe('The image that the task makes, as in team/app:v1. No other task may make it.'),
  tags: z
    .array(tagTemplateSchema)
    .max(10)
    .default([])
    .describe(
      "Further tags of each image, which differ from build to build. They are set before the image's own tag moves.",
    ),
  context: z.union([uploadedContextSchema, gitContextSchema]),
  dockerfile: z.string().min(1).max(1_000).default('Dockerfile').describe('The path of the Dockerfile in the context.'),
  target: z.string().min(1).max(200).optional().describe('The stage that is built; absent, the last one.'),
  arguments: z
    .record(z.string().min(1).max(200), z.string().max(10_000))
    .default({})
    .describe('The build arguments, by name.'),
  versions: z
    .array(versionSettingsSchema)
    .max(10)
    .refine(
      (all) => new Set(all.map(({ argument }) => argument)).size === all.length,
      'two versions are for the same argument: keep one of them',
    )
    .default([])
    .describe('Arguments that follow the newest tag of a repository within a range.'),
  pulls: z
    .array(pullPatternSchema)
    .max(50)
    .default([])
    .describe(
      'The repositories that it may pull besides its own one, those in versions, and public ones. ' +
        'Names or patterns: * stands for anything but a slash, ** for anything.',
    ),
  secrets: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(/^[A-Za-z0-9._-]{1,100}$/, 'must be letters, digits, dots, dashes and underscores')
          .describe('The id by which the Dockerfile names it.'),
        secret: secretNameSchema,
      }),
    )
    .max(20)
    .refine(
      (all) => new Set(all.map(({ id }) => id)).size === all.length,
      'two secrets have the same id: give each secret its own',
    )
    .default([])
    .describe('Secrets of the vault for RUN --mount=type=secret, which get into no layer, log or document.'),
  platform: platformSchema.default('linux/amd64').describe('The platform for which it is built.'),
  platforms: z
    .array(platformSchema)
    .min(1)
    .max(8)
    .refine((all) => new Set(all).size === all.length, 'a platform is named twice')
    .optional()
    .describe('The platforms, if there are several: an image is built for each, and an index of them.'),
  mode: z
    .enum(['rebuild', 'rebase', 'rebase-else-rebuild', 'notify'])
    .default('rebuild')
    .describe('The action after an update of a base. notify: an event is published, and nothing is built.'),
  runner: z
    .union([
      z.strictObject({ webhook: webhookRunnerSchema.describe('A CI that gets a signed POST and reports back.') }),
      z.strictObject({ github: githubRunnerSchema.describe('A workflow of GitHub Actions.') }),
      z.strictObject({ acr: acrRunnerSchema.describe('An Azure Container Registry whose tasks build.') }),
    ])
    .optional()
    .describe('The runner; absent, the one of this machine.'),
  test: z
    .union([commandTestSchema, httpTestSchema])
    .optional()
    .describe(
      'The test that the new image must pass before its tag moves: a command in it, or a POST that ' +
        'answers { pass: true }.',
    ),
  timeoutSeconds: seconds(7_200).default(1_800).describe('The seconds that the build may take.'),
  schedule: scheduleSchema
    .optional()
    .describe('The times, in UTC, at which it is built without any change; absent, never.'),
  pins: z
    .enum(['keep', 'bump'])
    .default('keep')
    .describe(
      'The handling of bases that its Dockerfile names by tag and digest. bump: they follow the tag, ' +
        'with the new digest.',
    ),
  atMostPerHour: z
    .int()
    .min(1)
    .max(60)
    .optional()
    .describe('The most builds that begin in an hour; further ones wait. Rebases are not counted.'),
  onBaseUpdate: z
    .boolean()
    .default(true)
    .describe('True if it is built when a base is updated; otherwise it is built only by request.'),
  enabled: z.boolean().default(true).describe('True if it is built at all.'),
});
export type TaskSettings = z.infer<typeof taskSettingsSchema>;

/** Returns the platforms that the image is built for. */
export function platformsOf({ platform, platforms }: Pick<TaskSettings, 'platform' | 'platforms'>): readonly string[] {
  return platforms ?? [platform];
}

export const taskSchema = z.object({
  ...documentShape('task'),
  registry: registrySchema,
  name: taskNameSchema,
  settings: taskSettingsSchema,
  repository: repositorySchema,
  tag: tagSchema,
  /** The host by which its author reaches the registry. */
  host: z.string(),
  /** The commit at which its Dockerfile was read last, if its context is in git. */
  commit: z.string().optional(),
  /** The tags that its `versions` have found, by argument. */
  versions: z
    .record(
      z.string(),
      z.object({
        tag: tagSchema,
        /** The event by which it was found, while the update is not published yet, and the tag before. */ untold: z
          .object({ event: z.string(), before: z.string().optional() })
          .optional(),
      }),
    )
    .default({}),
  /** The builds of the last hour, if they are counted. */
  turns: z.array(z.object({ build: z.string(), at: z.iso.datetime() })).optional(),
  /** The time of its next build by its schedule. */
  dueAt: z.iso.datetime().optional(),
  /** Bases that its author has named by giving it a Dockerfile that is fixed. */
  named: z.array(z.string()).optional(),
  /** The images that its Dockerfile needs. */
  bases: z.array(
    z.object({ base: z.string(), tag: tagSchema.optional(), digest: digestSchema.optional(), said: z.string() }),
  ),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Task = z.infer<typeof taskSchema>;

/** Returns the present values of its Dockerfile's arguments. */
export function argumentsOf({
  settings,
  versions,
}: Pick<Task, 'settings' | 'versions'>): Readonly<Record<string, string>> {
  return {
    ...settings.arguments,
    ...Object.fromEntries(Object.entries(versions).map(([name, { tag }]) => [name, tag])),
  };
}

/** The document that says which task builds an image. */
export const taskOfSchema = z.object({ ...documentShape('task-of'), registry: registrySchema, name: taskNameSchema });

export function taskRef(registry: RegistryName, name: string): DocumentRef {
  return { container: 'registries', partition: [registry], id: `task:${name}` };
}

export function taskOfRef({ registry, repository, tag }: TaggedImage): DocumentRef {
  return { container: 'registries', partition: [registry], id: `task-of:${repository.replaceAll('/', ':')}:${tag}` };
}

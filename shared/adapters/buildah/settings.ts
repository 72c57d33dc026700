import { z } from 'zod';

/** The limits of what one build uses of its machine, whatever its steps do. */
export interface BuildLimits {
  /** The bytes of memory of everything that the build runs together. The page cache counts, and gives way. */
  readonly memoryBytes: number;
  /** Processors' worth of time, and parts of one. */
  readonly cpus: number;
  /** Processes and threads. */
  readonly pids: number;
  /** The bytes of the job's folder: context, images, and files that steps write. */
  readonly diskBytes: number;
}

const mib = 1024 * 1024;

/** The limits that are enough for an ordinary build by npm, Go or apt. */
const usual = { memory: 4_096 * mib, cpus: 2, pids: 2_048, disk: 20_480 * mib };

const readers: Readonly<Record<string, (text: string) => number | undefined>> = {
  memory: (text) => sizeIn(text, 64),
  cpus: (text) => (/^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) >= 0.1 ? Number(text) : undefined),
  pids: (text) => (/^\d{2,6}$/.test(text) ? Number(text) : undefined),
  disk: (text) => sizeIn(text, 64),
};

/**
 * Parses `memory=4096MiB,cpus=2,pids=2048,disk=20480MiB`; any of them may be left out, and has the usual value then.
 */
export const buildLimitsSchema = z
  .string()
  .default('memory=4096MiB,cpus=2,pids=2048,disk=20480MiB')
  .transform((text, context): BuildLimits => {
    const parts = text === '' ? [] : text.split(',').map((part) => part.split('='));
    const given = parts.map(
      ([name = '', value = '']) => [name, Object.hasOwn(readers, name) ? readers[name]?.(value) : undefined] as const,
    );
    if (given.every(([, value]) => value !== undefined)) {
      const { memory, cpus, pids, disk } = { ...usual, ...(Object.fromEntries(given) as Partial<typeof usual>) };
      return { memoryBytes: memory, cpus, pids, diskBytes: disk };
    }
    context.addIssue({
      code: 'custom',
      message:
        'must be some of memory=4096MiB,cpus=2,pids=2048,disk=20480MiB: MiB or GiB, at least 64 MiB, 0.1 processors and 10 processes',
    });
    return z.NEVER;
  });

function sizeIn(text: string, leastMib: number): number | undefined {
  const [, count, unit] = /^(\d{1,8})(MiB|GiB)$/.exec(text) ?? [];
  const size = Number(count) * (unit === 'GiB' ? 1_024 : 1);
  return size >= leastMib ? size * mib : undefined;
}

/** The settings that keep builds on this machine apart from it. */
export const buildSettings = {
  /**
   * Says what keeps a build's step apart, inside the builder's sandbox: `oci` is a container by crun or runc; `chroot`
   * is for where neither can run, and lets steps see the builder's own processes.
   */
  LONGSHORE_BUILD_ISOLATION: z.enum(['oci', 'chroot'], { error: 'must be "oci" or "chroot"' }).default('oci'),
  /**
   * Says whether steps reach the internet: `none`, or `public`, which opens public addresses by a proxy that steps find
   * in their environment. Bases are pulled in both cases.
   */
  LONGSHORE_BUILD_NETWORK: z.enum(['none', 'public'], { error: 'must be "none" or "public"' }).default('none'),
  /**
   * Bounds what each build may take of the machine: any of memory, processors, processes and disk; the others keep
   * their default.
   */
  LONGSHORE_BUILD_LIMITS: buildLimitsSchema,
  /**
   * Names the cgroup in which each build gets one of its own; without it, `longshore` at the top is used, which needs
   * root. With cgroups of version 1 it is the name in the controllers' trees.
   */
  LONGSHORE_BUILD_CGROUP: z
    .string()
    .regex(/^[\w./@:-]{1,400}$/, 'must be the path of a cgroup')
    .refine((path) => !path.split('/').includes('..'), 'must be the path of a cgroup')
    .optional(),
};
export const buildSettingsSchema = z.object(buildSettings);

/**
 * Returns the origin to which clients are redirected for blobs, by a storage account's endpoint or connection string.
 */
export function blobOrigin(account: {
  readonly endpoint?: string | undefined;
  readonly connectionString?: string | undefined;
}): string {
  const parts = new Map(
    (account.connectionString ?? '')
      .split(';')
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const {
    DefaultEndpointsProtocol: protocol = 'https',
    AccountName: name = '',
    EndpointSuffix: suffix = 'core.windows.net',
    BlobEndpoint: endpoint = `${protocol}://${name}.blob.${suffix}`,
  } = Object.fromEntries(parts) as Record<string, string>;
  return new URL(account.endpoint ?? endpoint).origin;
}

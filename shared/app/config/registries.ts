import { z } from 'zod';
import { originSchema } from '../../core/feature/setting-formats.ts';
import { HostNames } from '../../core/http/host-names.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { passwordHashSchema } from '../../features/identity/settings.ts';
import { registryNameSchema } from './formats.ts';

const hostSchema = z
  .string()
  .toLowerCase()
  .regex(/^(?:[a-z0-9](?:[a-z0-9_.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/, 'must be a name without a port');

const registrySchema = z.strictObject({
  name: registryNameSchema,
  /** The names that clients call it by; those of its URLs are among them without being listed. */
  hosts: z.array(hostSchema).max(100).default([]),
  /** As LONGSHORE_PUBLIC_URL, LONGSHORE_UPLOADS_URL and LONGSHORE_ADMIN_PASSWORD_HASH are of LONGSHORE_REGISTRY. */
  publicUrl: originSchema.optional(),
  uploadsUrl: originSchema.optional(),
  adminPasswordHash: passwordHashSchema.optional(),
});
export type RegistrySetting = z.infer<typeof registrySchema>;

/** A JSON array; each registry once, and each host. */
export const registriesSchema = z.string().transform((text, context) => {
  const parsed = z.array(registrySchema).min(1).max(1_000).safeParse(jsonIn(text));
  const faults = parsed.success
    ? doublesIn(parsed.data)
    : parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(' '));
  if (parsed.success && faults.length === 0) return parsed.data;
  // The values may be secrets, so the fault names only the place and the kind.
  context.addIssue({
    code: 'custom',
    message: `must be a JSON array of {"name","hosts","publicUrl","uploadsUrl","adminPasswordHash"}: ${faults.join('; ')}`,
  });
  return z.NEVER;
});

/** All names that lead to a registry. */
export function hostsOf({ hosts, publicUrl, uploadsUrl }: Omit<RegistrySetting, 'name'>): string[] {
  return [...new Set([...hosts, ...[publicUrl, uploadsUrl].flatMap((url) => url?.hostname ?? [])])];
}

function doublesIn(registries: readonly RegistrySetting[]): string[] {
  const names = registries.map(({ name }) => name);
  const hosts = registries.flatMap((registry, at) => hostsOf(registry).map((host) => ({ host, at })));
  return [
    ...names.flatMap((name, at) =>
      names.indexOf(name) < at ? [`${at}.name is also the name of ${names.indexOf(name)}`] : [],
    ),
    ...registries.flatMap((registry, at) =>
      hostsOf(registry).length === 0 ? [`${at} has no host: give it "hosts" or "publicUrl"`] : [],
    ),
    ...hosts.flatMap(({ host, at }) => {
      const first = hosts.find((each) => each.host === host);
      return first === undefined || first.at === at ? [] : [`${at} has a host that ${first.at} has too`];
    }),
  ];
}

/** The settings that name registries and their hosts. */
interface Named {
  readonly LONGSHORE_AUTH: 'open' | 'required';
  readonly LONGSHORE_REGISTRY: RegistryName;
  readonly LONGSHORE_REGISTRIES?: readonly RegistrySetting[] | undefined;
  readonly LONGSHORE_HOST_NAMES?: readonly string[] | undefined;
  readonly LONGSHORE_PUBLIC_URL?: URL | undefined;
  readonly LONGSHORE_UPLOADS_URL?: URL | undefined;
}

/** Why the list does not go with the other settings: each fault as the end of a sentence. */
export function faultsOfRegistries(settings: Named): string[] {
  const { LONGSHORE_REGISTRIES: registries = [], LONGSHORE_HOST_NAMES: given = [] } = settings;
  // zod asks this also of settings that it has found faults in, as they were given.
  if (!Array.isArray(registries) || !Array.isArray(given)) return [];
  const own = ownHostsIn(settings);
  return (registries as readonly RegistrySetting[]).flatMap((registry, at) => {
    const { name, publicUrl, uploadsUrl, adminPasswordHash } = registry;
    if (name !== settings.LONGSHORE_REGISTRY)
      return hostsOf(registry).some((host) => own.includes(host))
        ? [`gives ${at} a host that other settings give to LONGSHORE_REGISTRY`]
        : [];
    return (publicUrl ?? uploadsUrl ?? adminPasswordHash) === undefined
      ? []
      : [`must list only the hosts of ${at}: it is LONGSHORE_REGISTRY, whose URLs and password are separate settings`];
  });
}

/** The names that requests for LONGSHORE_REGISTRY may come to; `undefined`: any that is no other registry's. */
export function hostNamesOf(settings: Named): HostNames | undefined {
  const { LONGSHORE_AUTH: auth, LONGSHORE_HOST_NAMES: given, LONGSHORE_REGISTRIES: registries } = settings;
  const isAny = given === undefined ? auth === 'required' && registries === undefined : given.includes('any');
  if (isAny) return undefined;
  const listed = registries?.find(({ name }) => name === settings.LONGSHORE_REGISTRY)?.hosts ?? [];
  return new HostNames([...ownHostsIn(settings), ...listed]);
}

/** The same, of all registries together. */
export function allHostNamesOf(settings: Named): HostNames | undefined {
  return hostNamesOf(settings)?.and((settings.LONGSHORE_REGISTRIES ?? []).flatMap(hostsOf));
}

/** Returns the hosts that the settings of LONGSHORE_REGISTRY itself name. */
function ownHostsIn({
  LONGSHORE_HOST_NAMES: given = [],
  LONGSHORE_PUBLIC_URL: publicUrl,
  LONGSHORE_UPLOADS_URL: uploadsUrl,
}: Named): string[] {
  return [
    ...given.filter((name) => name !== 'own').map((name) => name.toLowerCase()),
    ...[publicUrl, uploadsUrl].flatMap((url) => url?.hostname ?? []),
  ];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

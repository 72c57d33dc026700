import type { Budget } from './budget.ts';
import { located } from './fault.ts';
import type { Arg } from './instructions.ts';
import { formatPlatform, type Platform } from './platform.ts';
import { expand } from './shell.ts';

/** Build arguments as given with a build, by name. */
export type BuildArgs = ReadonlyMap<string, string>;

/** Returns the variables that BuildKit defines by itself; build arguments of these names win. */
export function predefined(
  platform: Platform,
  buildPlatform: Platform,
  target: string,
  given: BuildArgs,
): Map<string, string> {
  const variables: Readonly<Record<string, string>> = {
    BUILDPLATFORM: formatPlatform({ ...buildPlatform, version: '' }),
    BUILDOS: buildPlatform.os,
    BUILDOSVERSION: buildPlatform.version,
    BUILDARCH: buildPlatform.architecture,
    BUILDVARIANT: buildPlatform.variant,
    TARGETPLATFORM: formatPlatform(platform),
    TARGETOS: platform.os,
    TARGETOSVERSION: platform.version,
    TARGETARCH: platform.architecture,
    TARGETVARIANT: platform.variant,
    TARGETSTAGE: target === '' ? 'default' : target,
  };
  return new Map(Object.entries(variables).map(([name, value]) => [name, given.get(name) ?? value]));
}

/** Adds the ARGs above the first FROM, each seeing those before it. @throws DockerfileFault */
export function addGlobals(
  variables: Map<string, string>,
  globals: readonly { readonly args: readonly Arg[]; readonly line: number }[],
  given: BuildArgs,
  escape: string,
  budget: Budget,
): void {
  for (const { args, line } of globals) {
    for (const { key, value } of args) {
      const set =
        given.get(key) ??
        (value === undefined ? undefined : located(line, () => expand(value, variables, { escape, budget }).text));
      if (set !== undefined) variables.set(key, set);
    }
  }
}

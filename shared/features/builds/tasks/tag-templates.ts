import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import type { Tag } from '../../../core/oci/name.ts';
import { isTag } from '../../../core/oci/name.ts';

/** The values that a template may name. All but `task` differ from build to build. */
export interface TagValues {
  /** The first eight characters of the build's id. */
  readonly build: string;
  /** `20260131`, in UTC. */
  readonly date: string;
  /** `235959`, in UTC. */
  readonly time: string;
  /** Twelve characters of the image's digest. */
  readonly digest: string;
  readonly task: string;
  /** The first twelve characters of the commit, for a context in git. */
  readonly commit?: string;
}

const names = ['build', 'date', 'time', 'digest', 'task', 'commit'] as const;
const longest: Required<TagValues> = {
  build: 'a'.repeat(8),
  date: '20260131',
  time: '235959',
  digest: 'a'.repeat(12),
  task: 'a',
  commit: 'a'.repeat(12),
};
const named = /\{([^{}]*)\}/g;

/** A template, `{date}-{build}`, which is a tag once its names are filled in. */
export const tagTemplateSchema = z
  .string()
  .max(128)
  .refine(
    (text) => [...text.matchAll(named)].every(([, name = '']) => names.some((each) => each === name)),
    `may contain ${names.map((name) => `{${name}}`).join(', ')}`,
  )
  .refine((text) => isTag(filled(text, longest)), 'must be a tag when its names are filled in')
  .refine(
    (text) => [...text.matchAll(named)].some(([, name]) => name !== 'task'),
    "must differ from build to build: a tag that moves is the task's image",
  );

/** Fills in a template; `undefined` if a name has no value, or the result is too long for a tag. */
export function tagOf(template: string, values: TagValues): Tag | undefined {
  const isMissing = values.commit === undefined && template.includes('{commit}');
  const text = filled(template, { ...values, commit: values.commit ?? '' });
  return !isMissing && isTag(text) ? text : undefined;
}

function filled(template: string, values: Required<TagValues>): string {
  return template.replaceAll(named, (whole, name: string) =>
    name in values ? values[name as keyof TagValues] : whole,
  );
}

/** Returns the values of a build, as of now. */
export function tagValues({
  build,
  task,
  digest,
  commit,
  now,
}: {
  readonly build: string;
  readonly task: string;
  readonly digest: string;
  readonly commit: string | undefined;
  readonly now: Date;
}): TagValues {
  const [date = '', time = ''] = now.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  return {
    build: build.slice(0, 8),
    date,
    time,
    task,
    digest: digest.slice('sha256:'.length, 'sha256:'.length + 12),
    ...defined({ commit: commit?.slice(0, 12) }),
  };
}

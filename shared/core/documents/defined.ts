/** The properties that are defined; those that may be undefined become optional. */
export type Defined<T extends object> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * Leaves out the properties that are undefined: an optional property of a document or an answer is absent, never
 * undefined (`exactOptionalPropertyTypes`).
 */
export function defined<T extends object>(properties: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties) as [string, unknown][])
    if (value !== undefined) kept[name] = value;
  return kept as Defined<T>;
}

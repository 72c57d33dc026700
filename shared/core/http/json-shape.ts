/** The parts of a JSON Schema, as an OpenAPI document has it with its references resolved, that messages use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** Returns the schema at a path; `undefined` if the document has none there. */
export function schemaAt(schema: JsonSchema | undefined, path: readonly string[]): JsonSchema | undefined {
  const [key, ...rest] = path;
  if (schema === undefined || key === undefined) return schema;
  const below = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined;
  const next = below ?? (/^\d+$/.test(key) ? schema.items : undefined) ?? anyBelow(schema);
  if (next !== undefined) return schemaAt(next, rest);
  for (const option of optionsOf(schema)) {
    const found = schemaAt(option, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function anyBelow({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function optionsOf({ anyOf = [], oneOf = [], allOf = [] }: JsonSchema): readonly JsonSchema[] {
  return [...anyOf, ...oneOf, ...allOf];
}

/** Returns the names of all properties that an object may have. */
export function propertiesOf(schema: JsonSchema | undefined): readonly string[] {
  if (schema === undefined) return [];
  return [...new Set([...Object.keys(schema.properties ?? {}), ...optionsOf(schema).flatMap(propertiesOf)])];
}

/** Returns an example that the document gives, or one made of those of its parts; `undefined` if they make none. */
export function exampleOf(schema: JsonSchema | undefined): unknown {
  if (schema === undefined) return undefined;
  const own = schema.example ?? schema.enum?.[0] ?? schema.const ?? schema.default;
  if (own !== undefined && !isEmpty(own)) return own;
  if (schema.items !== undefined) {
    const item = exampleOf(schema.items);
    return item === undefined ? undefined : [item];
  }
  const required = schema.required ?? [];
  const parts = required.map((name) => [name, exampleOf(schema.properties?.[name])] as const);
  if (parts.length > 0) return parts.some(([, part]) => part === undefined) ? undefined : Object.fromEntries(parts);
  const [optional] = Object.entries(schema.properties ?? {})
    .map(([name, part]) => [name, exampleOf(part)] as const)
    .filter(([, part]) => part !== undefined);
  if (optional !== undefined) return Object.fromEntries([optional]);
  return optionsOf(schema)
    .map(exampleOf)
    .find((each) => each !== undefined);
}

/** An example that shows nothing. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Names the expected shape, as the end of "must be …". */
export function shapeOf(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'of another shape';
  if (schema.enum !== undefined)
    return schema.enum.length === 1 ? text(schema.enum[0]) : `one of ${schema.enum.map(text).join(', ')}`;
  if (schema.const !== undefined) return text(schema.const);
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.find((each) => each !== 'null');
  if (type !== undefined && type !== 'object') return named[type] ?? type;
  const names = Object.keys(schema.properties ?? {});
  if (names.length > 0) return `an object with ${names.join(', ')}`;
  const shapes = [...new Set(optionsOf(schema).map(shapeOf))];
  if (shapes.length > 0) return shapes.join(', or ');
  return 'an object';
}

const named: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
};

/** Names the kind of a value without its content, which may be a secret. A short word or number is shown. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'string':
      return value.length <= 30 && /^[\w.-]*$/.test(value) ? JSON.stringify(value) : 'another string';
    case 'object':
      return 'an object';
    default:
      return JSON.stringify(value);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

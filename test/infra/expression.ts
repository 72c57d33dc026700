/** Azure's addresses and suffixes of host names, of which `environment()` tells. */
export const clouds = {
  AzureCloud: {
    resourceManager: 'https://management.azure.com/',
    storage: 'core.windows.net',
    keyvaultDns: '.vault.azure.net',
  },
  AzureUSGovernment: {
    resourceManager: 'https://management.usgovcloudapi.net/',
    storage: 'core.usgovcloudapi.net',
    keyvaultDns: '.vault.usgovcloudapi.net',
  },
  AzureChinaCloud: {
    resourceManager: 'https://management.chinacloudapi.cn/',
    storage: 'core.chinacloudapi.cn',
    keyvaultDns: '.vault.azure.cn',
  },
} as const;
export type Cloud = keyof typeof clouds;

export type Value = string | number | boolean | null | InAzure | readonly Value[] | { readonly [name: string]: Value };
type Names = Readonly<Record<string, Value>>;
type Node = (names: Names) => Value;

/** A value that is known only in Azure, as are all of its properties. */
class InAzure {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * Evaluates a text of a compiled template, as `[format('{0}', …)]`, for a cloud. Values that resources have only in
 * Azure become `<what.property>`. Throws for a function that it does not know.
 */
export function evaluate(text: string, cloud: Cloud = 'AzureCloud', parameters: Names = {}): Value {
  if (!text.startsWith('[') || text.startsWith('[[')) return text;
  const reader = new Reader(text.slice(1, -1), { cloud, parameters });
  const node = reader.expression();
  reader.end();
  return shown(node({}));
}

function shown(value: Value): Value {
  if (value instanceof InAzure) return `<${value.what}>`;
  if (Array.isArray(value)) return value.map(shown);
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shown(each)]))
    : value;
}

function text(value: Value | undefined): string {
  const each = shown(value ?? null);
  return typeof each === 'string' ? each : JSON.stringify(each);
}

interface Place {
  readonly cloud: Cloud;
  readonly parameters: Names;
}

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly place: Place;

  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
  }

  end(): void {
    if (this.at !== this.text.length)
      throw new Error(`after ${this.text.slice(0, this.at)}: ${this.text.slice(this.at)}`);
  }

  private took(pattern: RegExp): string | undefined {
    const [found] = new RegExp(`^\\s*(?:${pattern.source})`).exec(this.text.slice(this.at)) ?? [];
    this.at += found?.length ?? 0;
    return found?.trim();
  }

  expression(): Node {
    let node = this.first();
    for (let step = this.took(/[.[]/); step !== undefined; step = this.took(/[.[]/)) {
      const of = node;
      const property: Node = step === '.' ? constant(this.took(/\w+/) ?? '') : this.expression();
      if (step === '[') this.took(/\]/);
      node = (names) => propertyOf(of(names), property(names));
    }
    return node;
  }

  private first(): Node {
    const literal = this.took(/'(?:[^']|'')*'/);
    if (literal !== undefined) return constant(literal.slice(1, -1).replaceAll("''", "'"));
    const number = this.took(/-?\d+/);
    if (number !== undefined) return constant(Number(number));
    const name = this.took(/\w+/) ?? '';
    if (this.took(/\(/) === undefined) throw new Error(`no expression: ${this.text.slice(this.at, this.at + 50)}`);
    const all: Node[] = [];
    while (this.took(/\)/) === undefined) {
      all.push(this.expression());
      this.took(/,/);
    }
    return called(name, all, this.place);
  }
}

const constant =
  (value: Value): Node =>
  () =>
    value;

function propertyOf(value: Value, name: Value): Value {
  if (value instanceof InAzure) return new InAzure(`${value.what}.${text(name)}`);
  const found = (value as Names)[text(name)];
  if (found === undefined) throw new Error(`no ${text(name)} in ${JSON.stringify(value)}`);
  return found;
}

function called(name: string, all: readonly Node[], { cloud, parameters }: Place): Node {
  const first = all[0] ?? constant(null);
  if (name === 'if') return (names) => ((first(names) === true ? all[1] : all[2]) ?? first)(names);
  const last = all.at(-1) ?? first;
  if (name === 'lambda') return last;
  // The templates call every lambda's variable `each`.
  if (name === 'map') return (names) => (first(names) as readonly Value[]).map((each) => last({ ...names, each }));
  if (name === 'toObject')
    return (names) =>
      Object.fromEntries(
        (first(names) as readonly Value[]).map((each) => [
          text(all[1]?.({ ...names, each })),
          last({ ...names, each }),
        ]),
      );
  const known = functions[name];
  if (known !== undefined) return (names) => known(all.map((each) => each(names)));
  if (name === 'environment')
    return constant({ name: cloud, resourceManager: clouds[cloud].resourceManager, suffixes: clouds[cloud] });
  if (name === 'parameters') return (names) => parameters[text(first(names))] ?? '';
  if (name === 'lambdaVariables') return (names) => names[text(first(names))] ?? null;
  throw new Error(`${name}() is not known here`);
}

const functions: Readonly<Record<string, (all: readonly Value[]) => Value>> = {
  format: ([pattern, ...values]) => text(pattern).replace(/\{(\d+)\}/g, (_, at: string) => text(values[Number(at)])),
  replace: ([within, from, to]) => text(within).replaceAll(text(from), text(to)),
  createObject: (all) =>
    Object.fromEntries(Array.from({ length: all.length / 2 }, (_, at) => [text(all[2 * at]), all[2 * at + 1] ?? null])),
  createArray: (all) => all,
  concat: (all) => (all.every((each) => Array.isArray(each)) ? all.flat() : all.map(text).join('')),
  union: (all) => Object.assign({}, ...(all as object[])) as Value,
  empty: ([value = null]) =>
    value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0),
  coalesce: (all) => all.find((each) => each !== null) ?? null,
  string: ([value]) => JSON.stringify(shown(value ?? null)),
  reference: ([id]) => new InAzure(text(id).split('/providers/').at(-1) ?? ''),
  items: ([value]) => Object.entries(value as Names).map(([key, each]) => ({ key, value: each })),
};

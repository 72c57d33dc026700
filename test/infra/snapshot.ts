import { readFileSync } from 'node:fs';

/** A resource that a sample of infra/ would deploy, as the Bicep compiler predicts it. */
export interface Predicted {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly properties?: unknown;
}

export const samples = ['oneregion', 'threeregions', 'privatenetwork', 'containerapps'] as const;

export function predicted(sample: (typeof samples)[number]): readonly Predicted[] {
  return (
    JSON.parse(infraText(`main.${sample}.snapshot.json`)) as { readonly predictedResources: readonly Predicted[] }
  ).predictedResources;
}

/** A file of infra/. */
export function infraText(path: string): string {
  return readFileSync(new URL(`../../infra/${path}`, import.meta.url), 'utf8');
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- says what the caller looks for in the properties
export function ofType<T>(resources: readonly Predicted[], type: string): (Predicted & { readonly properties: T })[] {
  return resources.filter((each) => each.type.toLowerCase() === type.toLowerCase()) as (Predicted & {
    readonly properties: T;
  })[];
}

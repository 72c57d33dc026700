import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesHostMonths, bytesHostRows, coolDown, replica } from '../../bench/scale/bytes-host.ts';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('what the bytes host adds a month', () => {
  it('is in docs/operations.md as it is modelled, of the replica that the templates have', () => {
    for (const row of bytesHostRows()) expect(text('docs/operations.md')).toContain(row);
    expect(text('infra/modules/uploads.bicep')).toContain(`cpu: json('${replica.vcpu}'), memory: '${replica.gib}Gi'`);
  });

  it('is a cool-down for each push of a team, and no more than one replica that is always there for a company', () => {
    const [team, company] = bytesHostMonths();
    expect(team?.hours).toBeCloseTo((50 * 30 * coolDown) / 3_600, 0);
    expect(company?.hours).toBe(720);
  });
});

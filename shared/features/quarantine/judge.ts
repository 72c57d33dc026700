import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { Judgement } from '../../core/documents/verdict.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { Documents } from '../../core/ports/documents.ts';
import { pending, waiting } from '../../core/verdicts/begin.ts';
import type { Covering } from '../../core/verdicts/coverage.ts';
import type { Judge } from '../../core/verdicts/judge.ts';
import { quarantinePolicies } from './policy.ts';

interface Ports {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly registry: RegistryName;
}

/** Judges by the state that somebody with `quarantine/write` has given a manifest, as ACR's quarantine does. */
export function quarantineJudge(ports: Ports): Judge<'quarantine'> {
  return {
    part: 'quarantine',
    async judge(_key, manifest, covering) {
      const now = ports.clock.now();
      const base = pending('quarantine', covering, now);
      const before = manifest.verdict?.quarantine;
      const { state } = manifest.quarantine ?? {};
      if (state === 'Passed') return passed(manifest, base);
      if (state === 'Failed') return failed(manifest, base, before);
      if (state === 'Quarantined' || before !== undefined)
        return { ...waiting(covering, now, before), ...kept(before) };
      return (await holdsUnjudged(ports, manifest, covering)) ? waiting(covering, now, undefined) : undefined;
    },
  };
}

/**
 * Says whether a manifest without a judgement is held: it was there before the policy, which holds its backlog, or it
 * was pushed after it by an instance that did not know of it yet.
 */
async function holdsUnjudged(
  { documents, registry }: Ports,
  { createdAt }: ManifestDocument,
  covering: readonly Covering[],
): Promise<boolean> {
  const found = await Promise.all(covering.map(({ name }) => quarantinePolicies.find(documents, registry, name)));
  return found.some((policy) => policy?.settings.backlog === 'hold' || (policy?.updatedAt ?? createdAt) < createdAt);
}

function passed(manifest: ManifestDocument, waits: Judgement): Judgement {
  return { ...waits, state: 'passed', reasons: [], evidence: evidenceOf(manifest), passedAt: waits.at };
}

function failed(manifest: ManifestDocument, waits: Judgement, before: Judgement | undefined): Judgement {
  const reasons = ['somebody with quarantine/write has marked it as failed'];
  return { ...waits, state: 'failed', reasons, evidence: evidenceOf(manifest), ...kept(before) };
}

function kept(before: Judgement | undefined): Partial<Judgement> {
  return defined({ passedAt: before?.passedAt });
}

/** Repeats the beginning of the scanner's report, which may be any text. */
function evidenceOf({ quarantine }: ManifestDocument): string[] {
  const { details } = quarantine ?? {};
  return details === undefined || details === '' ? [] : [details.slice(0, 500)];
}

import type { Objection } from '../documents/verdict.ts';
import { gracesOf, objectionsTo } from '../documents/verdict.ts';
import type { Asker } from '../ports/authorize.ts';
import type { Clock } from '../ports/clock.ts';
import type { TellVerdicts } from '../ports/verdicts.ts';
import type { ContentGate, Operation, Question, Verdict as Answer } from './gate.ts';

/**
 * The operations by which content of a manifest leaves the registry, or another repository gets it. A blob is not among
 * them: nobody can tell of which image it is asked for, and several share it. Nor are a deletion and a restore, which
 * the verdict goes along with.
 */
const held: ReadonlySet<Operation> = new Set(['pull', 'head', 'copy'] satisfies Operation[]);

/**
 * Refuses an image that its verdict holds, and warns in audit mode. The verdict lies in the manifest's document, which
 * was read anyway. A manifest without one is open: nothing covers it, or it was not judged yet since something does.
 */
export function holdGate(clock: Pick<Clock, 'now'>, metrics: Pick<TellVerdicts, 'tellHeld'>): ContentGate {
  return {
    kind: 'hold',
    name: 'verdict',
    ask(question) {
      const { operation, manifest } = question;
      if (manifest?.verdict === undefined || !held.has(operation)) return undefined;
      const now = clock.now();
      const objections = objectionsTo(manifest.verdict, now);
      const graces = objections.length === 0 ? gracesOf(manifest.verdict, now) : [];
      if (objections.length + graces.length === 0 || isExempt(question)) return undefined;
      const enforced = objections.filter(({ judgement }) => judgement.mode === 'enforce');
      const name = `${question.key.repository}@${manifest.digest}`;
      for (const { part, judgement } of [...objections, ...graces])
        metrics.tellHeld(part, judgement.state, enforced.length > 0 ? 'refused' : 'noted');
      if (enforced.length > 0) return refused(name, enforced, question.asker);
      return objections.length > 0 ? noted(name, objections) : graced(name, graces);
    },
  };
}

/**
 * Says whether the asker may have a held manifest: by the right, never by the user agent. Those who push must find
 * what is there, or neither an index nor a signature could be made of it, and a held tag could not be overwritten by its
 * fix. On an open registry everybody has every right, so there a HEAD alone is exempt. The registry itself may look at
 * everything, and copies nothing that is held.
 */
function isExempt({ operation, key, asker }: Question): boolean {
  if (operation === 'copy') return false;
  if (asker === undefined) return true;
  const { caller } = asker;
  const may = (action: 'push' | 'quarantine_read') => caller.may({ type: 'repository', name: key.repository, action });
  if (isUnknown(asker)) return operation === 'head' && may('push');
  return may('quarantine_read') || may('push');
}

function isUnknown({ caller }: Asker): boolean {
  return caller.anonymous === true || caller.principal?.is === 'anonymous';
}

/** Somebody who is not known learns that it is held, and not why: reasons name what is wrong with an image. */
function refused(name: string, enforced: readonly Objection[], asker: Asker | undefined): Answer {
  const policies = [...new Set(enforced.flatMap(({ judgement }) => judgement.policies))];
  const reasons = enforced.flatMap(({ judgement }) => judgement.reasons);
  const isOpen = asker === undefined || !isUnknown(asker);
  const [first = `the policy ${policies.join(', ')} is not met`] = isOpen
    ? reasons
    : ['the registry says why to those who log in'];
  const why = `${name} is held: ${first}`;
  if (!isOpen) return { is: 'refused', fault: { is: 'denied', why } };
  const parts = enforced.map(({ part, judgement }) => ({ part, state: judgement.state }));
  return { is: 'refused', fault: { is: 'denied', why, detail: { name, parts, policies, reasons } } };
}

function noted(name: string, objections: readonly Objection[]): Answer {
  const [first] = objections.flatMap(({ judgement }) => judgement.reasons);
  const policies = [...new Set(objections.flatMap(({ judgement }) => judgement.policies))];
  return {
    is: 'noted',
    warning: `${name} would be held by ${policies.join(', ')}: ${first ?? 'it is not proven yet'}`,
  };
}

function graced(name: string, graces: readonly Objection[]): Answer | undefined {
  const [first] = graces.filter(({ judgement }) => judgement.mode === 'enforce').toSorted(byEnd);
  if (first === undefined) return undefined;
  const { policies, reasons, graceUntil } = first.judgement;
  const why = reasons[0] ?? 'it is not proven any more';
  return { is: 'noted', warning: `${name} will be held by ${policies.join(', ')} from ${graceUntil ?? ''} on: ${why}` };
}

function byEnd(a: Objection, b: Objection): number {
  return (a.judgement.graceUntil ?? '') < (b.judgement.graceUntil ?? '') ? -1 : 1;
}

import type { Finding } from './findings.ts';
import { byWorst, keyOf } from './findings.ts';
import type { Judgement } from './judge.ts';
import type { BlockRule } from './policy.ts';
import { shownText } from './shown-text.ts';

const maxReasons = 10;
/** The policies that are named; the findings get the other places. */
const maxPolicies = 3;

/** Says in at most ten whole sentences why an image is not open: each policy, then the worst findings. */
export function reasonsOf(failing: readonly Judgement[]): string[] {
  const policies = failing.slice(0, maxPolicies).map(policySentence);
  if (failing.length > maxPolicies) policies.push(`${failing.length - maxPolicies} further policies block it.`);
  const findings = [
    ...new Map(failing.flatMap(({ blocking }) => blocking).map((each) => [keyOf(each), each])).values(),
  ];
  const places = maxReasons - policies.length;
  const shown = findings.length <= places ? findings.length : places - 1;
  const sentences = findings.toSorted(byWorst).slice(0, shown).map(findingSentence);
  const rest = findings.length - shown;
  return [...policies, ...sentences, ...(rest === 0 ? [] : [`${rest} further findings block it.`])];
}

function policySentence({ policy, blocking, unlisted, staleSince, isHeld }: Judgement): string {
  const name = `The policy "${policy.name}"`;
  if (isHeld) return `${name} holds images that no scanner can scan.`;
  if (blocking.length + unlisted > 0) {
    const fixed = blocking.filter(({ fixedIn }) => fixedIn !== undefined).length;
    const rows = `${name} blocks ${ruleText(policy.block)}: ${numberOf(blocking.length + unlisted)}, ${fixed} of them with a fix`;
    return unlisted === 0 ? `${rows}.` : `${rows}; ${unlisted} are only counted, so no exception applies to them.`;
  }
  const since = new Date(staleSince ?? 0).toISOString().slice(0, 10);
  return `${name} allows a scan to be ${policy.maxAgeDays ?? 0} days old, and the last one has been older since ${since}.`;
}

function numberOf(findings: number): string {
  return findings === 1 ? '1 finding blocks' : `${findings} findings block`;
}

function ruleText({ severity, onlyFixable, fixableForDays, cvss }: BlockRule): string {
  const parts = [`findings of severity ${severity}${severity === 'critical' ? '' : ' or worse'}`];
  if (fixableForDays !== undefined) parts.push(`with a fix that is ${fixableForDays} days old`);
  else if (onlyFixable) parts.push('with a fix');
  if (cvss !== undefined) parts.push(`with a CVSS score of at least ${cvss}`);
  return parts.join(' and ').replace(' and ', ' ');
}

function findingSentence({ id, package: name, version, fixedIn, severity, cvss }: Finding): string {
  const score = cvss === undefined ? '' : `, CVSS ${cvss}`;
  const place = version === '' ? shownText(name, 100) : `${shownText(name, 100)} ${shownText(version, 60)}`;
  const fix = fixedIn === undefined ? 'has no fix yet' : `is fixed in ${shownText(fixedIn, 100)}`;
  return `${shownText(id, 100)} (${severity}${score}) in ${place} ${fix}.`;
}

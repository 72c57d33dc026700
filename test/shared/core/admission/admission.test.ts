import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission } from '../../../../shared/core/admission/admission.ts';
import type { Arrival, ContentGate, Counted, Question, Verdict } from '../../../../shared/core/admission/gate.ts';
import { gateKinds } from '../../../../shared/core/admission/gate.ts';
import { lockGate } from '../../../../shared/core/admission/locks.ts';
import { everythingEnabled } from '../../../../shared/core/documents/attributes.ts';
import { withWarnings } from '../../../../shared/core/http/warnings.ts';
import type { RegistryName, RepositoryName } from '../../../../shared/core/oci/name.ts';

const key = { registry: 'default' as RegistryName, repository: 'team/app' as RepositoryName };
const asked = () => new Request('http://registry.test/v2/team/app/manifests/v1');
const by = (request: Request) => ({ request, caller: { actor: 'somebody', may: () => true } });
const refused = (why: string): Verdict => ({ is: 'refused', fault: { is: 'denied', why } });
const noted = (warning: string): Verdict => ({ is: 'noted', warning });
const hold = (name: string, ask: ContentGate['ask']): ContentGate => ({ kind: 'hold', name, ask });

function warningOf(request: Request): string | null {
  return withWarnings(new Response(), request).headers.get('warning');
}

describe('gates', () => {
  it('are asked kind by kind, in the order in which they were given; the first that refuses is the last asked', () => {
    const verdict = fc.constantFrom('allows', 'notes', 'refuses');
    const gate = fc.record({ kind: fc.constantFrom(...gateKinds), says: verdict });
    fc.assert(
      fc.property(fc.array(gate, { maxLength: 8 }), (given) => {
        const order: string[] = [];
        const gates = given.map(({ kind, says }, at) => {
          const name = `${at} ${kind}`;
          const ask = (): Verdict | undefined => {
            order.push(name);
            return says === 'allows' ? undefined : says === 'notes' ? noted(name) : refused(name);
          };
          return { kind, name, ask };
        });
        const admission = new Admission(gates);
        const request = asked();
        let failed: unknown;
        try {
          admission.enter({ request, address: undefined });
          admission.count({ request, identity: undefined, isServed: true });
          admission.require({ operation: 'pull', key, asker: by(request) });
        } catch (error) {
          failed = error;
        }
        const sorted = gateKinds.flatMap((kind) =>
          given.flatMap((each, at) => (each.kind === kind ? [{ ...each, name: `${at} ${kind}` }] : [])),
        );
        const first = sorted.findIndex(({ says }) => says === 'refuses');
        const reached = first === -1 ? sorted : sorted.slice(0, first + 1);
        expect(order).toEqual(reached.map(({ name }) => name));
        if (first === -1) expect(failed).toBeUndefined();
        else expect(failed).toMatchObject({ fault: { is: 'denied', why: sorted[first]?.name } });
        const warned = reached.filter(({ says }) => says === 'notes').map(({ name }) => name);
        expect(warningOf(request)).toBe(warned.length === 0 ? null : `299 - "${warned.join('; ')}"`);
      }),
    );
  });

  it('see what is known, and a question is not asked of gates of another kind', () => {
    const seen: unknown[] = [];
    const ask = (question: Arrival | Counted | Question) => void seen.push(question);
    const admission = new Admission([
      { kind: 'rate', name: 'rate', ask },
      { kind: 'network', name: 'network', ask },
    ]);
    const request = asked();
    admission.require({ operation: 'pull', key });
    expect(seen).toEqual([]);
    admission.enter({ request, address: '192.0.2.1' });
    admission.count({ request, identity: 'token ci', isServed: false });
    expect(seen).toEqual([
      { request, address: '192.0.2.1' },
      { request, identity: 'token ci', isServed: false },
    ]);
  });

  it('that are not known yet let nothing through', () => {
    const admission = new Admission();
    expect(() => {
      admission.require({ operation: 'pull', key });
    }).toThrow(TypeError);
    expect(() => {
      admission.enter({ request: asked(), address: undefined });
    }).toThrow(TypeError);
    admission.open([]);
    admission.require({ operation: 'pull', key });
    expect(() => {
      admission.open([]);
    }).toThrow(TypeError);
  });

  it('in audit mode refuse nothing: whoever asks for no answer is told nothing', () => {
    const admission = new Admission([hold('trust', () => noted('it is not signed'))]);
    expect(admission.allows({ operation: 'pull', key })).toBe(true);
    expect(admission.refusal({ operation: 'delete', key })).toBeUndefined();
    const request = asked();
    expect(warningOf(request)).toBeNull();
    admission.require({ operation: 'pull', key, asker: by(request) });
    admission.require({ operation: 'pull', key, asker: by(request) });
    expect(warningOf(request)).toBe('299 - "it is not signed"');
  });

  it('may exempt a caller by its rights', () => {
    const trust = hold('trust', ({ asker }) =>
      asker?.caller.may({ type: 'repository', name: key.repository, action: 'push' }) === true
        ? undefined
        : refused('it is not signed'),
    );
    const admission = new Admission([trust]);
    const caller = (may: boolean) => ({ request: asked(), caller: { actor: 'somebody', may: () => may } });
    expect(admission.allows({ operation: 'head', key, asker: caller(true) })).toBe(true);
    expect(admission.allows({ operation: 'head', key, asker: caller(false) })).toBe(false);
    expect(admission.allows({ operation: 'head', key })).toBe(false);
  });
});

describe('the gate of attributes', () => {
  const of = (attributes: Partial<typeof everythingEnabled>) => ({ ...everythingEnabled, ...attributes });
  const repository = (attributes = {}) => ({ repository: key.repository, attributes: of(attributes) });

  it.each([
    ['pull', 'readEnabled'],
    ['head', 'readEnabled'],
    ['blob', 'readEnabled'],
    ['mount', 'readEnabled'],
    ['copy', 'readEnabled'],
    ['push', 'writeEnabled'],
    ['tag', 'writeEnabled'],
    ['restore', 'writeEnabled'],
    ['delete', 'deleteEnabled'],
    ['delete', 'writeEnabled'],
  ] as const)('refuses %s by %s, and by no other attribute', (operation, attribute) => {
    const admission = new Admission([lockGate]);
    expect(admission.refusal({ operation, key, repository: repository({ [attribute]: false }) })).toEqual({
      is: 'disallowed',
      what: 'repository team/app',
      attribute,
    });
    const others = Object.keys(everythingEnabled).filter(
      (each) => each !== attribute && !(operation === 'delete' && ['deleteEnabled', 'writeEnabled'].includes(each)),
    );
    const rest = Object.fromEntries(others.map((each) => [each, false]));
    expect(admission.refusal({ operation, key, repository: repository(rest) })).toBeUndefined();
    expect(admission.refusal({ operation, key })).toBeUndefined();
  });
});

describe('a warning', () => {
  it('is printable ASCII between quotes, in one header of at most 4,096 bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 1_500 }), { minLength: 1, maxLength: 4 }),
        (texts) => {
          const request = asked();
          const admission = new Admission(texts.map((text, at) => hold(`gate ${at}`, () => noted(text))));
          admission.require({ operation: 'pull', key, asker: by(request) });
          const header = warningOf(request) ?? '';
          expect(header).toMatch(/^299 - "(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/);
          expect(`Warning: ${header}`.length).toBeLessThanOrEqual(4_096);
        },
      ),
    );
  });

  it('that is too long keeps its beginning', () => {
    const request = asked();
    const admission = new Admission([hold('trust', () => noted('"'.repeat(5_000)))]);
    admission.require({ operation: 'pull', key, asker: by(request) });
    expect(warningOf(request)).toMatch(/^299 - "(?:\\")+\.\.\."$/);
  });
});

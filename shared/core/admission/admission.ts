import { noteWarning } from '../http/warnings.ts';
import type { RequestFault } from '../oci/faults.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Arrival, ContentGate, Counted, Gate, NetworkGate, Question, RateGate, Verdict } from './gate.ts';
import { gateKinds } from './gate.ts';

interface Gates {
  readonly network: readonly NetworkGate[];
  readonly rate: readonly RateGate[];
  readonly content: readonly ContentGate[];
}

/**
 * Asks all gates, kind by kind in the order of `gateKinds` and within a kind in the order in which they were given; the
 * first that refuses decides. Features ask it and provide its gates, so it is made before them and opened after them.
 */
export class Admission {
  #gates: Gates | undefined;

  constructor(gates?: readonly Gate[]) {
    if (gates !== undefined) this.open(gates);
  }

  /** Gives it its gates. Until then it lets nothing through, and fails loudly. */
  open(gates: readonly Gate[]): void {
    if (this.#gates !== undefined) throw new TypeError('the gates were opened already');
    this.#gates = {
      network: gates.filter((gate) => gate.kind === 'network'),
      rate: gates.filter((gate) => gate.kind === 'rate'),
      content: gates
        .filter((gate): gate is ContentGate => gate.kind === 'lock' || gate.kind === 'hold')
        .toSorted((one, other) => gateKinds.indexOf(one.kind) - gateKinds.indexOf(other.kind)),
    };
  }

  /** Before anything is read for a request. Throws `RegistryError`. */
  enter(arrival: Arrival): void {
    demand(refusalOf(this.#known.network, arrival, arrival.request));
  }

  /** Once it is known who asks; a gate may count as it answers, so this is asked once. Throws `RegistryError`. */
  count(counted: Counted): void {
    demand(refusalOf(this.#known.rate, counted, counted.request));
  }

  /** Throws `RegistryError` for what a gate refuses. */
  require(question: Question): void {
    demand(this.refusal(question));
  }

  /** Why a gate refuses it; `undefined` when none does. */
  refusal(question: Question): RequestFault | undefined {
    return refusalOf(this.#known.content, question, question.asker?.request);
  }

  allows(question: Question): boolean {
    return this.refusal(question) === undefined;
  }

  get #known(): Gates {
    if (this.#gates === undefined) throw new TypeError('a gate was asked before the gates were opened');
    return this.#gates;
  }
}

function refusalOf<Q>(
  gates: readonly { readonly ask: (question: Q) => Verdict | undefined }[],
  question: Q,
  request: Request | undefined,
): RequestFault | undefined {
  for (const gate of gates) {
    const verdict = gate.ask(question);
    if (verdict === undefined) continue;
    if (verdict.is === 'refused') return verdict.fault;
    if (request !== undefined) noteWarning(request, verdict.warning);
  }
  return undefined;
}

function demand(refusal: RequestFault | undefined): void {
  if (refusal !== undefined) throw new RegistryError(refusal);
}

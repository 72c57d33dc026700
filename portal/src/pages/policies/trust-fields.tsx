import type { VNode } from '../../kit.ts';
import { Button, CheckField, SelectField, TextField } from '../../kit.ts';
import { DropField } from './drop.tsx';
import type { Faults } from './faults.ts';
import { faultAt } from './faults.ts';
import { publicKeysIn } from './pem.ts';
import type { TypedIdentity, TypedKeys, TypedTrust } from './trust-typed.ts';
import { newIdentity, newKeys } from './trust-typed.ts';

interface FieldsProps {
  readonly of: TypedTrust;
  readonly set: (changes: Partial<TypedTrust>) => void;
  readonly faults: Faults;
}

const subjects = [
  ['index-or-child', 'its index, or it itself'],
  ['itself', 'it itself, each platform too'],
] as const;

/** The fields of a trust policy: who signs, and what must be signed. */
export function TrustFields({ of, set, faults }: FieldsProps): VNode {
  const { keys, identities, notation } = of;
  return (
    <>
      <p>One of these signers is enough. Of several policies that cover an image, each must be met.</p>
      {keys.map((each, at) => (
        <KeyFields
          key={at}
          at={at}
          of={each}
          faults={faults}
          set={(changed) => set({ keys: replaced(keys, at, changed) })}
          remove={() => set({ keys: keys.toSpliced(at, 1) })}
        />
      ))}
      {identities.map((each, at) => (
        <IdentityFields
          key={at}
          at={at}
          of={each}
          faults={faults}
          set={(changed) => set({ identities: replaced(identities, at, changed) })}
          remove={() => set({ identities: identities.toSpliced(at, 1) })}
        />
      ))}
      {notation.length === 0 ? null : <p>{`${notation.length} of Notation, which can be seen and changed as JSON.`}</p>}
      <div class="actions">
        <Button onPress={() => set({ keys: [...keys, { ...newKeys, name: '' }] })}>Another key</Button>
        <Button onPress={() => set({ identities: [...identities, newIdentity] })}>Another keyless identity</Button>
      </div>
      <TextField
        label="Predicate type of an attestation"
        value={of.attestation}
        onValue={(attestation) => set({ attestation })}
        placeholder="https://slsa.dev/provenance/v1"
        hint="Empty, a plain signature counts. With a type, a signed attestation of that type does, and nothing else."
        fault={faultAt(faults, 'attestation')}
      />
      <SelectField
        label="Must be signed"
        value={of.subject}
        options={subjects}
        onValue={(subject) => set({ subject })}
      />
    </>
  );
}

function replaced<T>(all: readonly T[], at: number, changed: Partial<T>): T[] {
  return all.map((each, index) => (index === at ? { ...each, ...changed } : each));
}

interface SignerProps<T> {
  readonly at: number;
  readonly of: T;
  readonly faults: Faults;
  readonly set: (changed: Partial<T>) => void;
  readonly remove: () => void;
}

function keyFault(pem: string): string | undefined {
  if (pem.trim() === '') return undefined;
  try {
    publicKeysIn(pem);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function KeyFields({ at, of, faults, set, remove }: SignerProps<TypedKeys>): VNode {
  const fault = (field: string) => faultAt(faults, `sigstoreKeys.${at}.${field}`);
  return (
    <fieldset class="shown">
      <legend>{`Signer by a key (${at + 1})`}</legend>
      <TextField
        label="Name of the signer"
        value={of.name}
        onValue={(name) => set({ name })}
        hint="Reasons name it."
        fault={fault('name')}
      />
      <DropField
        label="Public key"
        value={of.pem}
        onValue={(pem) => set({ pem })}
        placeholder="-----BEGIN PUBLIC KEY-----"
        hint="In PEM: paste it, or drop the file, as cosign.pub. Several keys stand below each other; any of them counts."
        accept=".pub,.pem,.key,.txt"
        fault={keyFault(of.pem) ?? fault('keys')}
      />
      <CheckField
        label="A transparency log must prove the signature too"
        isOn={of.requireLog}
        onChange={(requireLog) =>
          set({ requireLog, trustedRoot: requireLog && of.trustedRoot === '' ? 'public-good' : of.trustedRoot })
        }
      />
      {of.requireLog || of.trustedRoot !== '' ? (
        <RootField
          value={of.trustedRoot}
          onValue={(trustedRoot) => set({ trustedRoot })}
          fault={fault('trustedRoot')}
        />
      ) : null}
      <div class="actions">
        <Button label={`Take it out: signer by a key ${at + 1}`} onPress={remove}>
          Take it out
        </Button>
      </div>
    </fieldset>
  );
}

function IdentityFields({ at, of, faults, set, remove }: SignerProps<TypedIdentity>): VNode {
  const fault = (field: string) => faultAt(faults, `sigstoreIdentities.${at}.${field}`);
  return (
    <fieldset class="shown">
      <legend>{`Keyless signer (${at + 1})`}</legend>
      <TextField label="Name of the signer" value={of.name} onValue={(name) => set({ name })} fault={fault('name')} />
      <TextField
        label="Issuer"
        inputMode="url"
        value={of.issuer}
        onValue={(issuer) => set({ issuer })}
        hint="Exactly as certificates have it."
        fault={fault('issuer')}
      />
      <TextField
        label="Subject"
        value={of.subject}
        onValue={(subject) => set({ subject })}
        placeholder="https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*"
        hint="The identity that signs, whole; * stands for anything but a slash, ** for anything."
        fault={fault('subject') ?? fault('subjectRegExp')}
      />
      <CheckField
        label="The subject is a regular expression"
        isOn={of.isExpression}
        onChange={(isExpression) => set({ isExpression })}
      />
      <TextField
        label="Claims, one a line"
        isLong
        value={of.claims}
        onValue={(claims) => set({ claims })}
        placeholder="repository=acme/app"
        hint="NAME=VALUE, such as repository, ref, owner, trigger or environment. All must hold."
        fault={fault('claims')}
      />
      <RootField value={of.trustedRoot} onValue={(trustedRoot) => set({ trustedRoot })} fault={fault('trustedRoot')} />
      <div class="actions">
        <Button label={`Take it out: keyless signer ${at + 1}`} onPress={remove}>
          Take it out
        </Button>
      </div>
    </fieldset>
  );
}

interface RootFieldProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly fault: string | undefined;
}

function RootField({ value, onValue, fault }: RootFieldProps): VNode {
  return (
    <TextField
      label="Trusted root"
      value={value}
      onValue={onValue}
      fault={fault}
      hint="Its name on the tab of trusted roots: nothing counts without it."
    />
  );
}

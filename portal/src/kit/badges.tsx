import type { ComponentChildren, VNode } from 'preact';
import { formatTime } from './format.ts';
import { Text } from './text.tsx';
import { visibleText } from './visible-text.ts';

interface BadgesProps {
  readonly of: {
    readonly signed: boolean;
    readonly sbom: boolean;
    readonly attested: boolean;
    readonly locked: boolean;
    readonly held: boolean;
    readonly quarantine?: string;
    readonly purgeDueAt?: string;
  };
}

/** Shows what is known about an image beside its content; each badge says it in a word, and in a sentence by its title. */
export function Badges({ of: { signed, sbom, attested, locked, held, quarantine, purgeDueAt } }: BadgesProps): VNode {
  return (
    <span class="badges">
      {signed ? (
        <Badge looks="good" title="It, or an image that it lists, has a signature.">
          signed
        </Badge>
      ) : null}
      {sbom ? (
        <Badge looks="good" title="It, or an image that it lists, has an SBOM.">
          SBOM
        </Badge>
      ) : null}
      {attested ? (
        <Badge looks="good" title="It, or an image that it lists, has an attestation.">
          attested
        </Badge>
      ) : null}
      {locked ? <Badge title="An attribute forbids something: its deletion, or more.">locked</Badge> : null}
      {held ? (
        <Badge looks="bad" title="A policy holds it: those who may only pull are refused.">
          held
        </Badge>
      ) : null}
      {quarantine === undefined ? null : (
        <Badge looks="bad" title={`The state of its quarantine: ${visibleText(quarantine)}`}>
          <Text of={quarantine} />
        </Badge>
      )}
      {purgeDueAt === undefined ? null : (
        <Badge looks="warn" title={`A purge policy judges it next at ${formatTime(purgeDueAt)}.`}>
          purge due
        </Badge>
      )}
    </span>
  );
}

interface BadgeProps {
  readonly looks?: 'good' | 'warn' | 'bad' | undefined;
  readonly title?: string;
  readonly children: ComponentChildren;
}

export function Badge({ looks, title, children }: BadgeProps): VNode {
  return (
    <span class={looks === undefined ? 'badge' : `badge ${looks}`} title={title}>
      {children}
    </span>
  );
}

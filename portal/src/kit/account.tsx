import type { VNode } from 'preact';
import { ask, mustSignIn } from './api.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { isKeyListShown, keyList } from './keyboard.ts';
import { me } from './me.ts';
import { density, shortcuts, theme } from './preferences.ts';
import { Text } from './text.tsx';
import { attempt } from './toasts.ts';

const nextTheme = { auto: 'light', light: 'dark', dark: 'auto' } as const;

/** Shows who uses the portal, with the way out, and the choices of how it looks. */
export function Account(): VNode {
  return (
    <div class="account">
      <Button
        kind="quiet"
        label={`Colours: ${theme.value}. Change to ${nextTheme[theme.value]}`}
        onPress={() => (theme.value = nextTheme[theme.value])}
      >
        <Icon of={theme.value} />
      </Button>
      <Button
        kind="quiet"
        label="Roomy rows"
        isPressed={density.value === 'roomy'}
        onPress={() => (density.value = density.value === 'dense' ? 'roomy' : 'dense')}
      >
        <Icon of="rows" />
      </Button>
      <Button kind="quiet" label="Keys" onPress={() => (isKeyListShown.value = true)}>
        ?
      </Button>
      <Identity />
    </div>
  );
}

function Identity(): VNode | null {
  const { value } = me;
  if (value === undefined || mustSignIn.value) return null;
  if (value.kind === 'open')
    return (
      <span class="identity" title="LONGSHORE_AUTH is open: everybody who reaches this registry may do everything.">
        open, no sign-in
      </span>
    );
  return (
    <>
      <span class="identity" title={`${value.kind} ${value.subject}`}>
        <Text of={value.name ?? value.subject} />
      </span>
      {value.session === undefined ? null : (
        <Button kind="quiet" onPress={signOut}>
          Sign out
        </Button>
      )}
    </>
  );
}

async function signOut(): Promise<void> {
  const isDone = await attempt(() => ask('/ui/session', { method: 'DELETE' }), 'You are signed out.');
  if (!isDone) return;
  me.value = undefined;
  mustSignIn.value = true;
}

/** The list of keys, with the switch that turns them off. */
export function KeyList(): VNode | null {
  if (!isKeyListShown.value) return null;
  const isOn = shortcuts.value === 'on';
  return (
    <Dialog title="Keys" onClose={() => (isKeyListShown.value = false)}>
      <dl class="facts">
        {keyList.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={isOn} onChange={() => (shortcuts.value = isOn ? 'off' : 'on')} />
        Use these keys
      </label>
    </Dialog>
  );
}

import { defined } from '../../core/documents/defined.ts';
import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { AuthSettings } from './identities.ts';
import { createIdentities } from './identities.ts';
import type { IdentityPorts } from './ports.ts';
import { identitySettings, readIdentitySettings } from './settings.ts';

interface Ports extends IdentityPorts {
  readonly registry: RegistryName;
  readonly lists: { readonly documents: Documents; readonly places: Places };
  readonly settings: { readonly auth: AuthSettings };
}

/** Says who asks, and what they may do. */
export const identity = feature({
  name: 'identity',
  settings: identitySettings,
  read: readIdentitySettings,
  make({ lists, registry, settings, ...ports }: Ports) {
    const { management, oauth2, session, gates, ...given } = createIdentities(
      { ...ports, ...lists },
      registry,
      settings.auth,
    );
    return {
      routes: management,
      gates,
      // Somebody without a right learns there who it is.
      ownPaths: ['/me'],
      surfaces: { '/ui/session': session, '/ui/session/*': session, ...defined({ '/oauth2/*': oauth2 }) },
      gives: given,
    };
  },
});

import type { TokenCredential } from '@azure/identity';
import type { AzureManagement } from '../../core/ports/management.ts';

/** Issues tokens for Azure Resource Manager by the credential, which keeps its token until shortly before that ends. */
export function azureManagement(endpoint: URL, credential: () => TokenCredential): AzureManagement {
  return {
    endpoint,
    async issueToken() {
      const token = await credential().getToken(`${endpoint.origin}/.default`);
      if (token === null) throw new Error('the identity has no token');
      return token.token;
    },
  };
}

import type { TokenCredential } from '@azure/identity';
import type { IssueAssertion } from '../../core/ports/federation.ts';

/** Issues tokens of the app's identity for the exchange of federated credentials. */
export function azureFederation(credential: () => TokenCredential): IssueAssertion {
  return {
    async issueAssertion(audience) {
      const token = await credential().getToken(`${audience}/.default`);
      if (token === null) throw new Error('the identity has no token');
      return token.token;
    },
  };
}

import type { components } from '../../generated/api.d.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { createOf, lsOf, removeOf, showOf } from './kinds.ts';

type Issuer = components['schemas']['TrustedIssuer'];

const conditionsOf = ({ conditions }: Issuer) => conditions.map(({ claim, is }) => `${claim}=${is}`);

const kind: Kind<Issuer> = {
  group: 'issuers',
  one: 'trusted issuer',
  takes: '<issuer>',
  example: 'github',
  all: (registry) => itemsOf(registry, '/trusted-issuers', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/trusted-issuers/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'ISSUER', mayShrink: true, text: ({ issuer }) => issuer },
      { title: 'IF', mayShrink: true, text: (issuer) => conditionsOf(issuer).join(', ') },
      { title: 'SCOPE MAP', text: ({ scopeMap }) => scopeMap },
      { title: 'PEOPLE SIGN IN', text: ({ signIn }) => (signIn === undefined ? 'no' : 'yes') },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'No issuer is trusted: issuers create NAME < issuer.json adds one.',
  },
  linesOf: (issuer) => [
    ['trusted issuer', issuer.name],
    ['issuer', issuer.issuer],
    ['audience', issuer.audience],
    ...conditionsOf(issuer).map((each) => ['if', each] as const),
    ['scope map', issuer.scopeMap],
    ['people sign in as', issuer.signIn?.displayName ?? issuer.signIn?.clientId],
    ['changed', timeOf(issuer.updatedAt)],
  ],
};

export const issuers: Verb = {
  name: 'issuers',
  does: 'Shows, adds and deletes the issuers whose tokens are taken in place of a password',
  verbs: [
    lsOf(kind, 'Lists the trusted issuers, and what the bearers of their tokens may do'),
    showOf(kind, 'Shows a trusted issuer'),
    createOf<Issuer, components['schemas']['TrustedIssuerContent']>(kind, {
      does: 'Trusts an issuer by the JSON of its settings on the standard input',
      notes: [
        'The JSON is as PUT /api/v1/trusted-issuers/{name} takes it: {"issuer", "audience", "conditions": ' +
          '[{"claim", "is"}], "scopeMap"} (docs/identities.md). Others have tokens of the same issuer: conditions say whose are taken.',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/trusted-issuers/{name}', { params: { path: { name } }, body })),
    }),
    removeOf(kind, {
      does: 'Trusts an issuer no more: its tokens are refused, and nobody signs in by it',
      loses: ({ issuer }) => `Tokens of ${issuer} are refused then, and nobody signs in by it.`,
      remove: (api, name) => api.DELETE('/trusted-issuers/{name}', { params: { path: { name } } }),
    }),
  ],
};

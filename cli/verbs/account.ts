import type { Verb } from '../verb.ts';

const notes = [
  'The password is exchanged for a token of at most 90 days; the password itself is kept nowhere.',
  "The token is kept by the keychain that docker's configuration names, or else in a file that only you may read.",
];

export const loginVerb: Verb = {
  name: 'login',
  does: 'Logs in to a registry, which is the registry of every later command',
  takes: '[host]',
  flags: [
    { flags: '-u, --username <name>', says: 'the user: admin, or the name of a token' },
    { flags: '--password-stdin', says: 'reads the password from the standard input' },
  ],
  notes,
  examples: ['login registry.example', 'login 127.0.0.1:5000 -u ci --password-stdin < password.txt'],
  // Only a login needs what it loads: schemas, and docker's configuration.
  run: async (context, given) => (await import('./login.ts')).login(context, given),
};

export const logoutVerb: Verb = {
  name: 'logout',
  does: 'Removes the login to a registry from this machine',
  takes: '[host]',
  examples: ['logout', 'logout registry.example'],
  run: async (context, given) => (await import('./login.ts')).logout(context, given),
};

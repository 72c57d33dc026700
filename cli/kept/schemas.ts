import * as z from 'zod/mini';

/**
 * The files and answers from outside that no document describes. They stand in a file of their own, and are zod's small
 * edition: only a command that reads such a file loads it, and that must not be felt.
 */
const loginSchema = z.object({ username: z.string(), secret: z.string() });

export const keptSchema = z.object({
  current: z.optional(z.string()),
  logins: z._default(z.record(z.string(), loginSchema), {}),
  registries: z._default(z.record(z.string(), z.object({ helper: z.optional(z.string()) })), {}),
});

/** The part of docker's config.json that says where logins are (docker/cli, "config.json"). */
export const dockerConfigSchema = z.object({
  auths: z._default(
    z.record(z.string(), z.object({ auth: z.optional(z.string()), identitytoken: z.optional(z.string()) })),
    {},
  ),
  credHelpers: z._default(z.record(z.string(), z.string()), {}),
  credsStore: z.optional(z.string()),
});

/** The input of a helper's `store`, and the answer of its `get`. */
export const helperCredentialsSchema = z.object({
  ServerURL: z._default(z.string(), ''),
  Username: z.string(),
  Secret: z.string(),
});

/** The answer of `/oauth2/token`; an open registry gives no refresh token. */
export const tokenSchema = z.object({ refresh_token: z.optional(z.string().check(z.minLength(1))) });

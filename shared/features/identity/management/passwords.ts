import { defined } from '../../../core/documents/defined.ts';
import type { PasswordName, TokenDocument } from '../documents.ts';
import { hashMadePassword, makePassword } from '../password.ts';

/** A password as it is shown, once. */
export interface NewPassword {
  readonly name: PasswordName;
  readonly value: string;
  readonly stored: NonNullable<TokenDocument['passwords'][PasswordName]>;
}

/** Makes a password for a token's salt. `id` is a fresh one: it ends the refresh tokens of the password before. */
export function newPassword(
  name: PasswordName,
  options: { salt: string; id: string; now: Date; expiresAt: string | undefined },
): NewPassword {
  const value = makePassword();
  const hash = hashMadePassword(value, options.salt);
  const { id, expiresAt } = options;
  return {
    name,
    value,
    stored: { hash, id, createdAt: options.now.toISOString(), ...defined({ expiresAt }) },
  };
}
